/** The process that is measured: DATABASE_URL, HOST, PORT and DB_POOL come from the driver. */
import * as Http from "portico/bootstrap/Http"
import site from "./site.ts"

Http.main(site)
