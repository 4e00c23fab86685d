/** Every hasher of passwords on trial, at costs of some milliseconds. */
import { contract } from "../../contracts/PasswordHasherContract.ts"
import { register } from "../../contracts/vitest.ts"
import * as Argon2Hasher from "../../src/adapters/auth/Argon2Hasher.ts"
import * as BcryptHasher from "../../src/adapters/auth/BcryptHasher.ts"
import * as Pbkdf2Hasher from "../../src/adapters/auth/Pbkdf2Hasher.ts"
import * as ScryptHasher from "../../src/adapters/auth/ScryptHasher.ts"

register(contract, {
  name: "argon2",
  capabilities: Argon2Hasher.capabilities,
  layer: Argon2Hasher.layer({ memoryCost: 4096 })
})

register(contract, {
  name: "scrypt",
  capabilities: ScryptHasher.capabilities,
  layer: ScryptHasher.layer({ n: 4096, p: 1 })
})

register(contract, {
  name: "pbkdf2",
  capabilities: Pbkdf2Hasher.capabilities,
  layer: Pbkdf2Hasher.layer({ iterations: 20_000 })
})

register(contract, {
  name: "bcrypt",
  capabilities: BcryptHasher.capabilities,
  layer: BcryptHasher.layer({ rounds: 7 })
})

register(contract, {
  name: "bcrypt without SHA-256",
  capabilities: {
    ...BcryptHasher.capabilities,
    hashes: "bcrypt",
    verifies: ["bcrypt", "argon2", "scrypt", "pbkdf2_sha256", "pbkdf2_sha1", "bcrypt_sha256"],
    maxPasswordBytes: 72
  },
  layer: BcryptHasher.layer({ algorithm: "bcrypt", rounds: 7 })
})
