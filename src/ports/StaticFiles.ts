/**
 * Addresses of a site's static files (style sheets, scripts, images), for views. The middleware that
 * serves the files says what they are called.
 */
import * as HttpRequest from "./HttpRequest.ts"

/**
 * The address of a file in a `static/` directory: `/static/polls/style.3f2a1b0c9d8e.css`. It holds a
 * hash of the content, so browsers keep it for ever; in development it is the plain name. Throws
 * where there is no such file.
 */
export const url = (request: HttpRequest.Service, path: string): string => {
  const address = current.get(request)
  if (address !== undefined) return address(path)
  throw new Error(
    "StaticFiles.url: no middleware for static files is around this view. Add it to the site, outside of whatever names a file."
  )
}

/** Set by the middleware, once for each request. */
export const current: HttpRequest.Local<(path: string) => string> =
  HttpRequest.local("static files")
