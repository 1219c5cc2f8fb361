// Reads what was dropped or chosen, folders included, as files with their path inside the folder.

/** Promise of [{file, path}] for a drop; must be called during the drop event. */
export function droppedFiles(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return Promise.resolve(chosenFiles(transfer.files));
  return Promise.all(entries.map((entry) => walk(entry))).then((found) => found.flat());
}

/** [{file, path}] of a file input. */
export function chosenFiles(files) {
  return [...files].filter(visible).map((file) => ({ file, path: file.webkitRelativePath || file.name }));
}

const visible = ({ name }) => !name.startsWith(".");

async function walk(entry) {
  if (!visible(entry)) return [];
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    return [{ file, path: entry.fullPath.replace(/^\//, "") }];
  }
  const reader = entry.createReader();
  const children = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) break;
    children.push(...some);
  }
  return (await Promise.all(children.map(walk))).flat();
}
