/** The polls site with its sessions in files: one line more than the site without. */
import { Config } from "effect"
import { App } from "portico"
import * as Adapters from "portico/bootstrap/Adapters"
import * as FileSessions from "portico-file-sessions"
import { polls } from "../polls/app.ts"

export default App.make({
  name: "Polls",
  apps: [App.mount("/polls", polls)],
  adapters: Adapters.standard({
    sessions: {
      files: FileSessions.layerConfig({ directory: Config.string("SESSIONS_DIRECTORY") })
    }
  }),
  defaults: { PORTICO_SESSIONS: "files", SESSIONS_DIRECTORY: "./sessions" }
})
