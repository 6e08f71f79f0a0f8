/** Text as editors and shells save it: Notepad, Excel and PowerShell with a byte order mark, or as UTF-16. */
export const ENCODINGS = ["UTF-8", "UTF-8 with BOM", "UTF-16LE with BOM", "UTF-16BE with BOM"] as const;

export function encoded(text: string, encoding: (typeof ENCODINGS)[number]): Buffer {
  if (encoding === "UTF-8") return Buffer.from(text, "utf8");
  const marked = `\ufeff${text}`;
  if (encoding === "UTF-8 with BOM") return Buffer.from(marked, "utf8");
  const bytes = Buffer.from(marked, "utf16le");
  return encoding === "UTF-16LE with BOM" ? bytes : bytes.swap16();
}

/** `{"이름":"값"}` in the code page of Korean Windows, which is neither. */
export const CP949 = Buffer.from([
  0x7b, 0x22, 0xc0, 0xcc, 0xb8, 0xa7, 0x22, 0x3a, 0x22, 0xb0, 0xaa, 0x22, 0x7d,
]);
