export function dashboard(): { panels: { targets?: { expr: string }[] }[] }
