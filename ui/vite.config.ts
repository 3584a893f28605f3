import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react()],
  base: "./",
  build: {
    outDir: "../api/static",
    emptyOutDir: true,
    assetsInlineLimit: 0, // the server's content security policy lets in files, nothing inline
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": process.env.GROVE_URL ?? "http://127.0.0.1:8080" } },
  test: { include: ["tests/**/*.test.{ts,tsx}"] },
});
