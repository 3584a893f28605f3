/** What the server runs with, to be read: every setting with the variable that changes it. */

import { type ReactNode, useId, useState } from "react";
import type { Setting, SettingGroup, SettingsReply } from "../client/types";
import { matching } from "../state/settings";
import { count } from "../text/words";

export function Settings({ version, groups }: SettingsReply): ReactNode {
  const [words, setWords] = useState("");
  const [isChangedOnly, setChangedOnly] = useState(false);
  const shown = matching(groups, words, isChangedOnly);
  return (
    <>
      <p className="lead">
        Grove {version}. Each setting is an environment variable of the server: set it where the server is started, and start it again.
        Secrets are never shown.
      </p>
      <search className="search-form">
        <input
          type="search"
          className="search"
          value={words}
          aria-label="Find a setting"
          placeholder="Find a setting"
          onChange={(event) => setWords(event.target.value)}
        />
        <label className="choice">
          <input type="checkbox" checked={isChangedOnly} onChange={(event) => setChangedOnly(event.target.checked)} /> Only what was set here
        </label>
      </search>
      <p className="hint" role="status">
        {told(shown)}
      </p>
      {shown.map((group) => (
        <Group key={group.name} {...group} />
      ))}
    </>
  );
}

function Group({ name, settings }: SettingGroup): ReactNode {
  const heading = useId();
  return (
    <section className="figure" aria-labelledby={heading}>
      <h2 id={heading}>{name}</h2>
      <dl className="settings">
        {settings.map((setting) => (
          <Row key={setting.variable} {...setting} />
        ))}
      </dl>
    </section>
  );
}

function Row({ variable, value, is_default, meaning }: Setting): ReactNode {
  return (
    <div className="setting">
      <dt>
        <code>{variable}</code>
        <span className="row-state">{withCode(meaning)}</span>
      </dt>
      <dd>
        {value === null ? <span className="row-state">not set</span> : <code>{value === "" ? "(empty)" : value}</code>}
        {!is_default && <span className="badge">set here</span>}
      </dd>
    </div>
  );
}

function told(shown: readonly SettingGroup[]): string {
  const number = shown.reduce((sum, group) => sum + group.settings.length, 0);
  return number === 0 ? "No setting is like that." : `${count(number, "setting")}.`;
}

/** Show what stands between backticks as code. */
function withCode(text: string): ReactNode {
  return text.split("`").map((part, at) => (at % 2 === 1 ? <code key={at}>{part}</code> : part));
}
