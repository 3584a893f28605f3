import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vitest/config";

// Everything comes from the server that serves the page; nothing inline runs.
const POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'";

/** Put the content security policy into the built page (the development server needs inline scripts). */
const contentSecurityPolicy: Plugin = {
  name: "content-security-policy",
  apply: "build",
  transformIndexHtml: () => [
    { tag: "meta", attrs: { "http-equiv": "Content-Security-Policy", content: POLICY }, injectTo: "head-prepend" },
  ],
};

export default defineConfig({
  plugins: [react(), contentSecurityPolicy],
  base: "./",
  build: {
    outDir: "../api/static",
    emptyOutDir: true,
    assetsInlineLimit: 0, // a data: address would need an exception in the policy
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": process.env.GROVE_URL ?? "http://127.0.0.1:8080" } },
  test: { include: ["tests/**/*.test.{ts,tsx}"] },
});
