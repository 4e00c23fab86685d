/**
 * Failures that every port shares. A port adds only the ones its callers handle differently.
 */
import * as Schema from "effect/Schema"

/** The adapter was asked for something that its declared capabilities rule out. */
export class Unsupported extends Schema.TaggedError<Unsupported>(
  "portico/ports/PortError/Unsupported"
)("Unsupported", {
  port: Schema.String,
  operation: Schema.String,
  capability: Schema.String
}) {
  override get message() {
    return (
      `${this.port}.${this.operation} needs the capability "${this.capability}", ` +
      `which the chosen adapter does not declare. Choose an adapter that has it.`
    )
  }
}

/** The system behind a port did not answer as it should. Retrying may help. */
export class Unavailable extends Schema.TaggedError<Unavailable>(
  "portico/ports/PortError/Unavailable"
)("Unavailable", {
  port: Schema.String,
  operation: Schema.String,
  cause: Schema.Defect
}) {
  override get message() {
    return (
      `${this.port}.${this.operation} got no usable answer from the system behind it. ` +
      `See "cause", and try again once that system answers.`
    )
  }
}
