// node scripts/drawings.mjs: the drawings of docs/concepts.md, in both languages. A test says when it has to be run.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** For who sees the file by itself; on the site the page's own colours go before (docs/.vitepress/theme/pombo.css). */
const style = `
  text { font: 13px ui-sans-serif, system-ui, sans-serif; fill: #17181d; text-anchor: middle }
  .small { font-size: 11px; fill: #676a78 }
  .box { fill: #fff; stroke: #cfcfd8 }
  .kept { fill: #eeeefc; stroke: #4a4fd8 }
  .good { fill: #e6f5ec; stroke: #0f7443 }
  .bad { fill: #fdeaec; stroke: #bd2333 }
  .wait { fill: #fdf2dc; stroke: #8a5300 }
  .line { fill: none; stroke: #676a78 }
  .head { fill: #676a78 }
  .frame { fill: none; stroke: #cfcfd8; stroke-dasharray: 4 4 }
  @media (prefers-color-scheme: dark) {
    text { fill: #ecedf2 }
    .small { fill: #8d91a1 }
    .box { fill: #1c1e26; stroke: #383c49 }
    .kept { fill: #23244a; stroke: #8b8ffb }
    .good { fill: #10291d; stroke: #4cc38a }
    .bad { fill: #35161b; stroke: #ff7b85 }
    .wait { fill: #2f2410; stroke: #e8a94a }
    .line { stroke: #8d91a1 }
    .head { fill: #8d91a1 }
    .frame { stroke: #383c49 }
  }
`

const en = 0
const pt = 1

/** A word or two in both languages: 'en|pt'; the same in both where there is no bar. */
const said = (words, language) => words.split('|')[language] ?? words

const box = (kind, x, y, width, height, words, small) => (language) => {
  const middle = x + width / 2
  const lines = [
    `<rect class="${kind}" x="${x}" y="${y}" width="${width}" height="${height}" rx="8"/>`,
    `<text x="${middle}" y="${y + height / 2 + (small ? -3 : 5)}">${said(words, language)}</text>`,
  ]
  if (small) lines.push(`<text class="small" x="${middle}" y="${y + height / 2 + 14}">${said(small, language)}</text>`)
  return lines
}

const note = (x, y, words) => (language) => [`<text class="small" x="${x}" y="${y}">${said(words, language)}</text>`]

const frame = (x, y, width, height) => () => [
  `<rect class="frame" x="${x}" y="${y}" width="${width}" height="${height}" rx="10"/>`,
]

/** Through the points, with a head at the last. */
const arrow = (...points) => () => {
  const [[ax, ay], [bx, by]] = points.slice(-2)
  const turn = (Math.atan2(by - ay, bx - ax) * 180) / Math.PI
  return [
    `<path class="line" d="M${points.map((point) => point.join(' ')).join('L')}"/>`,
    `<path class="head" d="M0 0L-8 4L-8 -4Z" transform="translate(${bx} ${by}) rotate(${Math.round(turn)})"/>`,
  ]
}

const drawings = {
  path: {
    title: 'The path of an event|O caminho de um evento',
    size: [760, 250],
    parts: [
      frame(160, 20, 440, 210),
      note(380, 40, 'Pombo'),
      box('box', 2, 90, 136, 56, 'producer|produtor', 'your app, a gateway|seu app, um gateway'),
      box('box', 180, 90, 110, 56, 'accept|aceitar', 'check, match|conferir, casar'),
      box('kept', 310, 150, 150, 60, 'PostgreSQL', 'message and deliveries|mensagem e entregas'),
      box('box', 480, 90, 100, 56, 'deliver|entregar', 'sign, send|assinar, enviar'),
      box('good', 630, 60, 120, 50, 'endpoint A', '2xx'),
      box('wait', 630, 140, 120, 50, 'endpoint B', 'retried later|de novo depois'),
      arrow([138, 108], [180, 108]),
      arrow([180, 128], [138, 128]),
      note(84, 165, '202 after the commit|202 após o commit'),
      arrow([235, 146], [235, 180], [310, 180]),
      note(270, 198, 'one commit|um commit'),
      arrow([460, 180], [510, 180], [510, 146]),
      arrow([550, 146], [550, 198], [460, 198]),
      note(520, 216, 'outcome|resultado'),
      arrow([290, 118], [480, 118]),
      note(385, 108, 'at once, if there is room|já, se há lugar'),
      arrow([580, 110], [605, 110], [605, 85], [630, 85]),
      arrow([580, 126], [605, 126], [605, 165], [630, 165]),
    ],
  },
  retries: {
    title: 'Retries and the circuit|Tentativas e o circuito',
    size: [760, 270],
    parts: [
      note(380, 20, 'a delivery that fails: 8 attempts in 27 and a half hours|uma entrega que falha: 8 tentativas em 27 horas e meia'),
      ...[
        [30, '', '0'],
        [110, '5 s', '1'],
        [200, '5 min', '2'],
        [290, '30 min', '3'],
        [380, '2 h', '4'],
        [470, '5 h', '5'],
        [560, '10 h', '6'],
        [650, '10 h', '7'],
      ].flatMap(([x, wait, n]) => [
        box(n === '7' ? 'bad' : 'wait', x, 50, 44, 34, String(Number(n) + 1)),
        ...(wait === '' ? [] : [arrow([x - (n === '1' ? 36 : 46), 67], [x, 67]), note(x - (n === '1' ? 18 : 23), 46, wait)]),
      ]),
      note(672, 102, 'exhausted|esgotada'),
      note(380, 140, 'the circuit of its endpoint, on all nodes|o circuito do seu endpoint, em todos os nós'),
      box('good', 60, 165, 150, 60, 'closed|fechado', 'everything is sent|tudo é enviado'),
      box('bad', 295, 165, 170, 60, 'open|aberto', 'no attempt is used up|nenhuma tentativa é gasta'),
      box('wait', 550, 165, 150, 60, 'half-open|meio aberto', 'one is let through|passa uma'),
      arrow([210, 185], [295, 185]),
      note(252, 177, '10 failures|10 falhas'),
      arrow([465, 185], [550, 185]),
      note(507, 177, 'pause over|fim da pausa'),
      arrow([550, 210], [465, 210]),
      note(507, 228, 'it fails|ela falha'),
      note(507, 243, 'pause × 2|pausa × 2'),
      arrow([625, 225], [625, 258], [135, 258], [135, 225]),
      note(380, 252, 'it is delivered|ela é entregue'),
    ],
  },
  order: {
    title: 'Order by key|Ordem por chave',
    size: [760, 200],
    parts: [
      note(180, 24, 'as they were accepted|como foram aceitas'),
      note(390, 24, 'one at a time within a key|uma por vez dentro da chave'),
      note(690, 24, 'endpoint'),
      note(40, 66, 'chat A'),
      box('good', 540, 44, 60, 36, 'A1', undefined),
      box('wait', 400, 44, 60, 36, 'A2', undefined),
      box('box', 300, 44, 60, 36, 'A3', undefined),
      note(430, 96, 'failed: tried again|falhou: de novo'),
      note(330, 96, 'waits|espera'),
      arrow([75, 62], [300, 62]),
      note(40, 146, 'chat B'),
      box('good', 540, 124, 60, 36, 'B1', undefined),
      box('good', 470, 124, 60, 36, 'B2', undefined),
      box('good', 400, 124, 60, 36, 'B3', undefined),
      note(500, 178, 'goes on meanwhile|segue enquanto isso'),
      arrow([75, 142], [400, 142]),
      box('kept', 650, 44, 90, 116, 'endpoint'),
      arrow([600, 62], [650, 62]),
      arrow([600, 142], [650, 142]),
    ],
  },
  tenants: {
    title: 'Tenants, apps, endpoints|Inquilinos, apps, endpoints',
    size: [760, 250],
    parts: [
      frame(20, 20, 350, 210),
      note(195, 42, 'tenant: an environment, a customer of the operator|inquilino: um ambiente, um cliente do operador'),
      box('kept', 32, 70, 130, 50, 'app “loja”', 'a shop, a session|uma loja, uma sessão'),
      box('kept', 32, 160, 130, 50, 'app “padaria”'),
      box('box', 240, 60, 110, 36, 'endpoint crm'),
      box('box', 240, 110, 110, 36, 'endpoint bi'),
      box('box', 240, 167, 110, 36, 'endpoint erp'),
      arrow([162, 88], [240, 78]),
      note(203, 72, 'message.*'),
      arrow([162, 104], [240, 128]),
      note(198, 138, 'order.paid'),
      arrow([162, 185], [240, 185]),
      note(195, 177, 'all|todos'),
      frame(390, 20, 350, 210),
      note(565, 42, 'another tenant: sees nothing of the first|outro inquilino: nada vê do primeiro'),
      box('kept', 410, 115, 110, 50, 'app'),
      box('box', 610, 122, 110, 36, 'endpoint'),
      arrow([520, 140], [610, 140]),
    ],
  },
}

function svg({ size: [width, height], parts, title }, language) {
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}">`,
    `<title>${said(title, language)}</title>`,
    `<style>${style}</style>`,
    ...parts.flatMap((part) => part(language)),
    '</svg>',
  ]
  return `${lines.join('\n')}\n`
}

/** File by file, below docs/drawings. */
export function drawn() {
  return Object.entries(drawings).flatMap(([name, drawing]) => [
    [`${name}.svg`, svg(drawing, en)],
    [`${name}.pt-BR.svg`, svg(drawing, pt)],
  ])
}

if (import.meta.main)
  for (const [name, text] of drawn()) writeFileSync(join(import.meta.dirname, '../docs/drawings', name), text)
