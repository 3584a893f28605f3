import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { client } from "./client/client";
import { Gate } from "./Gate";
import "./styles/base.css";
import "./styles/layout.css";
import "./styles/library.css";
import "./styles/conversation.css";
import "./styles/composer.css";
import "./styles/welcome.css";
import "./styles/passage.css";
import "./styles/page.css";
import "./styles/talk.css";
import "./styles/markdown.css";
import "./styles/sheets.css";
import "./styles/settings.css";
import "./styles/steps.css";

const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <Gate client={client} />
    </StrictMode>,
  );
}
