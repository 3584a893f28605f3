// The generated client must be what the server's description gives: `npm run generate` makes it.
import { readFileSync } from "node:fs";
import openapi, { astToString } from "openapi-typescript";

const schema = new URL("src/client/schema.d.ts", import.meta.url);
const types = astToString(await openapi(new URL("../api/openapi.json", import.meta.url)));
const body = (text) => text.slice(text.indexOf("export interface paths"));

if (body(readFileSync(schema, "utf8")) !== body(types)) {
  console.error("ui/src/client/schema.d.ts is not what api/openapi.json gives: run `npm run generate` in ui/");
  process.exit(1);
}
