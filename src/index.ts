/**
 * What the author of a site writes with every day: domain, ports and `App`, as namespaces. Loads no
 * adapter and no driver package.
 */
export * as Html from "./domain/Html.ts"
export * as HttpResponse from "./domain/HttpResponse.ts"
export * as Migration from "./domain/Migration.ts"
export * as Model from "./domain/Model.ts"
export { f } from "./domain/Model.ts"
export * as Query from "./domain/Query.ts"
export * as Route from "./domain/Route.ts"
export * as Database from "./ports/Database.ts"
export * as Health from "./ports/Health.ts"
export * as HttpRequest from "./ports/HttpRequest.ts"
export * as Middleware from "./ports/Middleware.ts"
export * as PasswordHasher from "./ports/PasswordHasher.ts"
export * as ReusableApp from "./ports/ReusableApp.ts"
export * as Router from "./ports/Router.ts"
export * as SessionStore from "./ports/SessionStore.ts"
export * as TemplateEngine from "./ports/TemplateEngine.ts"
export * as View from "./ports/View.ts"
export * as App from "./bootstrap/App.ts"
