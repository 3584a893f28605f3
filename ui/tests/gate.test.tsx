import { renderToStaticMarkup } from "react-dom/server";
import { expect, it } from "vitest";
import { Account } from "../src/components/Account";
import { KeyPrompt } from "../src/components/KeyPrompt";

const nothing = (): void => undefined;

function prompt(signIn: { name: string; url: string } | null): string {
  return renderToStaticMarkup(
    <KeyPrompt wasRefused={false} signIn={signIn} next="/?view=search&q=a b" onKey={nothing} onSignIn={nothing} />,
  );
}

it("leads to the provider and back to where one was", () => {
  const shown = prompt({ name: "Keycloak", url: "https://grove.example.com/auth/login" });
  const href = /href="([^"]+)"/.exec(shown)?.[1]?.replaceAll("&amp;", "&") ?? "";
  expect(shown).toContain("Sign in with Keycloak");
  expect(new URL(href).searchParams.get("next")).toBe("/?view=search&q=a b");
  expect(shown).toContain('type="password"');
});

it("asks for a key alone where one does not sign in", () => {
  expect(prompt(null)).not.toContain("Sign in");
  expect(prompt(null)).toContain("This server asks for a key.");
});

it("says who is signed in", () => {
  const shown = renderToStaticMarkup(<Account name="Ada <Lovelace>" onSignOut={nothing} />);
  expect(shown).toContain("Ada &lt;Lovelace&gt;");
  expect(shown).toContain("Sign out");
});
