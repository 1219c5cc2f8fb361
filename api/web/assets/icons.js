// The icons, drawn on a 24 × 24 grid with one stroke.
const PATHS = {
  "arrow-up": ["M12 19V5", "M6 11l6-6 6 6"],
  "chevron-left": ["M15 5l-7 7 7 7"],
  "chevron-right": ["M9 5l7 7-7 7"],
  chat: ["M4 5h16v11H10l-4 4v-4H4z"],
  check: ["M5 12.5l4.5 4.5L19 7"],
  "check-circle": ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M8 12.3l2.8 2.7L16 9.5"],
  clock: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M12 7.5V12l3 2"],
  close: ["M6 6l12 12", "M18 6L6 18"],
  copy: ["M9 9h11v11H9z", "M15 9V4H4v11h5"],
  cross: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M9 9l6 6", "M15 9l-6 6"],
  dots: ["M5.5 12h.01", "M12 12h.01", "M18.5 12h.01"],
  down: ["M7 4h-3v9h3z", "M7 13l4 7c2 0 2.5-1.300 2.200-3L12.500 14H18c1.500 0 2.300-1.200 2-2.500L18.600 5.500C18.300 4.600 17.700 4 16.700 4H7"],
  download: ["M12 4v11", "M7 10.500l5 5 5-5", "M5 20h14"],
  exit: ["M10 4H5v16h5", "M10 12h10", "M16 8l4 4-4 4"],
  eye: ["M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12z", "M12 9.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5z"],
  file: ["M6 3h8l4 4v14H6z", "M14 3v4h4"],
  folder: ["M3 6h6l2 2.500h10V19H3z"],
  half: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M12 3v18", "M12 8h7.500", "M12 12h8.800", "M12 16h7.500"],
  help: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M9.500 9.500c0-3 5-3 5 0 0 2-2.500 2-2.500 4", "M12 17h.01"],
  key: ["M8 11.500a4 4 0 1 0 0 8 4 4 0 0 0 0-8z", "M11 12.500L20 4", "M16 8l3 3"],
  layers: ["M12 4l9 5-9 5-9-5z", "M3 14l9 5 9-5"],
  link: ["M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.700-5.700L12 7", "M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.700 5.700L12 17"],
  minus: ["M5 12h14"],
  moon: ["M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500z"],
  "no-citation": ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M8 12h8"],
  pen: ["M4 20l1-4L16.500 4.500l3 3L8 19z"],
  people: ["M9 5a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7z", "M3 20c0-3.500 2.500-5.500 6-5.500s6 2 6 5.500", "M16 5.500a3.200 3.200 0 0 1 0 6", "M17.500 14.800c2.200.600 3.500 2.400 3.500 5.200"],
  plus: ["M12 5v14", "M5 12h14"],
  retry: ["M20 12a8 8 0 1 1-2.500-5.800", "M20 3v5h-5"],
  search: ["M10.500 4a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13z", "M15.500 15.500L20 20"],
  stop: ["M7 7h10v10H7z"],
  sun: ["M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z", "M12 2.500v2", "M12 19.500v2", "M2.500 12h2", "M19.500 12h2", "M5.300 5.300l1.400 1.400", "M17.300 17.300l1.400 1.400", "M5.300 18.700l1.400-1.400", "M17.300 6.700l1.400-1.400"],
  text: ["M5 6h14", "M5 10.500h14", "M5 15h14", "M5 19.500h8"],
  trash: ["M4 7h16", "M9 7V4h6v3", "M6.500 7l1 13h9l1-13"],
  up: ["M7 11h-3v9h3z", "M7 11l4-7c2 0 2.500 1.300 2.200 3L12.500 10H18c1.500 0 2.300 1.200 2 2.500l-1.400 6c-.3.900-.9 1.500-1.900 1.500H7"],
  upload: ["M12 16V5", "M7 9.500l5-5 5 5", "M5 20h14"],
  warning: ["M12 4L2.500 20h19z", "M12 10v4.500", "M12 17.300h.01"],
  working: ["M12 3v4", "M12 17v4", "M3 12h4", "M17 12h4", "M5.600 5.600l2.900 2.900", "M15.500 15.500l2.900 2.900", "M5.600 18.400l2.900-2.900", "M15.500 8.500l2.900-2.900"],
};
const SVG = "http://www.w3.org/2000/svg";

/** An SVG icon, hidden from screen readers: the words beside it or its button's label say what it means. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [attribute, value] of Object.entries({
    viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", "stroke-width": name === "dots" ? "2.6" : "1.75",
    "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true", focusable: "false", class: "icon",
  })) svg.setAttribute(attribute, value);
  for (const d of PATHS[name]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

/** Put the icons named by `data-icon` into server-rendered places. */
export function fillIcons(root = document) {
  for (const place of root.querySelectorAll("[data-icon]")) place.replaceChildren(icon(place.dataset.icon));
}
