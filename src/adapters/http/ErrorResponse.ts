/**
 * Failures as answers: the only table of status codes, and the page of a site that has none of its
 * own. Used by every server of this folder.
 */
import * as HttpResponse from "../../domain/HttpResponse.ts"
import type * as HttpRequest from "../../ports/HttpRequest.ts"
import type { Problem } from "../../ports/HttpServer.ts"
import type * as View from "../../ports/View.ts"
import { errorPage, policy } from "./internal/errorPage.ts"

// Names of RFC 9110, 15, and RFC 6585.
const titles: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  402: "Payment Required",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  411: "Length Required",
  412: "Precondition Failed",
  413: "Content Too Large",
  414: "URI Too Long",
  415: "Unsupported Media Type",
  416: "Range Not Satisfiable",
  417: "Expectation Failed",
  421: "Misdirected Request",
  422: "Unprocessable Content",
  426: "Upgrade Required",
  428: "Precondition Required",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  451: "Unavailable For Legal Reasons",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout"
}

const problemOf = (status: number, detail: string, more?: Partial<Problem>): Problem => ({
  status,
  title: titles[status] ?? (status < 500 ? "Bad Request" : "Internal Server Error"),
  detail,
  ...more
})

// What happened inside is for the log. The client learns what it can do.
const fault = () => problemOf(500, "Something went wrong on the server. Try again later.")
const busy = () =>
  problemOf(503, "The server cannot answer at the moment. Try again shortly.", {
    headers: { "retry-after": "1" }
  })
const refused = () =>
  problemOf(422, "A value is not one that can be stored. Change it and try again.")

type Table = {
  readonly [Tag in View.Failure["_tag"]]: (
    failure: Extract<View.Failure, { readonly _tag: Tag }>
  ) => Problem
}

const table: Table = {
  HttpFailure: ({ detail, headers, status }) =>
    Number.isInteger(status) && status >= 400 && status <= 599
      ? problemOf(status, detail, headers === undefined ? {} : { headers })
      : fault(),
  BodyTooLarge: ({ limit, max }) =>
    problemOf(
      413,
      `This address takes ${max} ${limit === "fields" || limit === "files" ? limit : "bytes"} at most. Send less.`
    ),
  BodyMalformed: ({ reason }) =>
    problemOf(400, `The request cannot be read: ${reason}. Correct it and try again.`),
  BodyInvalid: ({ issues }) =>
    problemOf(422, "Some values do not fit. Correct them and try again.", { issues }),
  QueryInvalid: ({ issues }) =>
    problemOf(400, "Some values of the query do not fit. Correct them and try again.", { issues }),
  // No one is left to read it.
  ClientGone: () => problemOf(400, "The request was not complete."),
  NotFound: () => problemOf(404, "There is nothing at this address."),
  MultipleFound: fault,
  UniqueViolation: () =>
    problemOf(409, "Something with this value is there already. Choose another value."),
  ForeignKeyViolation: () =>
    problemOf(409, "Something that this depends on is missing, or still depends on this."),
  NotNullViolation: refused,
  CheckViolation: refused,
  ValueRejected: refused,
  TransactionConflict: busy,
  DatabaseUnavailable: busy,
  QueryFault: fault,
  TemplateNotFound: fault,
  TemplateNameRefused: fault,
  TemplateSyntax: fault,
  TemplateMissingVariable: fault,
  TemplateUnprintable: fault,
  TemplateRawRefused: fault,
  TemplateThrew: fault,
  TemplateLimit: fault,
  TemplateContextRefused: fault,
  SessionTooLarge: fault,
  SessionNotJson: fault,
  SessionEnded: () =>
    problemOf(409, "Your session ended meanwhile. Load the page again and repeat what you did."),
  Unsupported: fault,
  Unavailable: busy
}

/** The answer that a failure deserves. A value without a tag of the table is a fault of the program. */
export const problem = (failure: View.Failure): Problem => {
  // The table has every tag, and each entry takes the failure of its own: a link between two unions
  // that the compiler does not follow.
  const answer = table[failure._tag] as ((failure: View.Failure) => Problem) | undefined
  return answer === undefined ? fault() : answer(failure)
}

/** Whether the client reads JSON rather than pages. */
const wantsJson = (request: HttpRequest.Service): boolean => {
  const accept = request.header("accept")
  if (accept !== undefined && accept !== "*/*") {
    return /[/+]json\b/i.test(accept) && !/text\/html/i.test(accept)
  }
  return /[/+]json\b/i.test(request.header("content-type") ?? "")
}

const varies = { vary: "accept" }

/** A page, or a problem document (RFC 9457) for clients that ask for JSON. */
export const page = (problem: Problem, request: HttpRequest.Service): HttpResponse.HttpResponse => {
  const { cause, detail, issues, status, title } = problem
  if (wantsJson(request)) {
    const document = HttpResponse.json({
      status,
      title,
      detail,
      ...(issues === undefined ? {} : { issues }),
      ...(cause === undefined ? {} : { cause })
    })
    return HttpResponse.withHeaders(HttpResponse.withStatus(document, status), {
      "content-type": "application/problem+json",
      ...varies
    })
  }
  return HttpResponse.html(errorPage(problem), {
    status,
    headers: { ...varies, "content-security-policy": policy }
  })
}
