import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { client } from "./client/client";
import "./styles/base.css";
import "./styles/layout.css";
import "./styles/library.css";
import "./styles/conversation.css";
import "./styles/composer.css";
import "./styles/welcome.css";
import "./styles/passage.css";
import "./styles/page.css";

const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <App client={client} />
    </StrictMode>,
  );
}
