import { Inbox, Plus, Send, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { Problem } from '../../api/problem.ts'
import { Badge, type Tone } from '../../parts/badge.tsx'
import { Button, IconButton } from '../../parts/button.tsx'
import { Code, Id } from '../../parts/code.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import {
  CheckField,
  FilterSelect,
  SearchField,
  SelectField,
  TextArea,
  TextField,
} from '../../parts/field.tsx'
import { Columns, Facts, Page, Panel, Row, Stack } from '../../parts/layout.tsx'
import { Mark } from '../../parts/mark.tsx'
import { Bones, Empty, Failure, NoPermission, Notice } from '../../parts/states.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { Ago, Duration, Instant } from '../../parts/time.tsx'
import { useSay } from '../../parts/toast.tsx'

// The design system on one page, for who works on it. Its words are the components' names, in no language.

const tones: Tone[] = ['neutral', 'good', 'warn', 'bad', 'info']
const swatches = [
  'ground',
  'surface',
  'surface-2',
  'surface-3',
  'line-strong',
  'ink-3',
  'ink-2',
  'ink',
  'accent',
]
const now = '2026-01-31T12:00:00.000Z'
const rows = [
  { name: 'message.received', count: 1_204, tone: 'good' as const },
  { name: 'message.sent', count: 77, tone: 'bad' as const },
]
const columns: Column<(typeof rows)[number]>[] = [
  { id: 'name', head: 'name', cell: ({ name }) => name, is: 'fill' },
  { id: 'tone', head: 'Badge', cell: ({ tone }) => <Badge tone={tone}>{tone}</Badge> },
  { id: 'count', head: 'number', cell: ({ count }) => count, is: 'number' },
]

export function DesignPage() {
  const say = useSay()
  const [open, setOpen] = useState(false)
  const [picked, setPicked] = useState<'a' | 'b'>('a')
  const problem = new Problem({ status: 500, code: 'internal', detail: 'request 41-7' })
  const options = [
    { value: 'a' as const, label: 'a' },
    { value: 'b' as const, label: 'b' },
  ]
  return (
    <Page
      title="Design"
      shown={
        <Row>
          <Mark size={26} /> Design
        </Row>
      }
    >
      <Panel title="Tokens">
        <Row>
          {swatches.map((name) => (
            <Badge key={name} plain>
              <svg width="14" height="14" aria-hidden>
                <rect
                  width="14"
                  height="14"
                  rx="3"
                  fill={`var(--${name})`}
                  stroke="var(--line-strong)"
                />
              </svg>
              {name}
            </Badge>
          ))}
        </Row>
      </Panel>
      <Columns>
        <Panel title="Button">
          <Stack>
            <Row>
              <Button kind="primary" icon={Plus}>
                primary
              </Button>
              <Button>plain</Button>
              <Button kind="quiet">quiet</Button>
              <Button kind="danger" icon={Trash2}>
                danger
              </Button>
              <Button busy>busy</Button>
              <Button disabled>disabled</Button>
              <IconButton label="icon" icon={Send} />
              <Button small>small</Button>
            </Row>
            <Row>
              <Button onClick={() => setOpen(true)}>Dialog</Button>
              <Button onClick={() => say.done('Saved.')}>Toast</Button>
              <Button onClick={() => say.failed(problem)}>Toast, bad</Button>
            </Row>
            <Row>
              {tones.map((tone) => (
                <Badge key={tone} tone={tone}>
                  {tone}
                </Badge>
              ))}
              <Badge plain>plain</Badge>
            </Row>
          </Stack>
        </Panel>
        <Panel title="Field">
          <Stack>
            <TextField label="TextField" help="help" placeholder="https://example.com" optional />
            <TextField label="TextField" error="error" defaultValue="x" mono />
            <SelectField label="SelectField" value={picked} onPick={setPicked} options={options} />
            <TextArea label="TextArea" defaultValue="text" mono />
            <CheckField label="CheckField" help="help" defaultChecked />
            <Row>
              <SearchField label="SearchField" value="" onSearch={() => undefined} />
              <FilterSelect
                label="FilterSelect"
                value={picked}
                onPick={setPicked}
                options={options}
              />
            </Row>
          </Stack>
        </Panel>
        <Panel title="Table" flush>
          <Table label="Table" columns={columns} rows={rows} rowKey={({ name }) => name} />
        </Panel>
        <Panel title="Facts">
          <Facts
            rows={[
              ['Id', <Id key="id" id="msg_01m8j519f9ea78aer1e32pxn2v" />],
              ['Ago', <Ago key="ago" at={now} />],
              ['Instant', <Instant key="at" at={now} />],
              ['Duration', <Duration key="ms" ms={1_420} />],
            ]}
          />
        </Panel>
        <Panel title="Code">
          <Code label="Code" text={'{\n  "text": "<img src=x onerror=alert(1)>"\n}'} />
        </Panel>
        <Panel title="Notice">
          <Stack tight>
            <Notice tone="info">info</Notice>
            <Notice tone="good">good</Notice>
            <Notice tone="warn" action={<Button small>action</Button>}>
              warn
            </Notice>
            <Notice tone="bad">bad</Notice>
          </Stack>
        </Panel>
        <Panel title="Bones" flush>
          <Bones rows={4} />
        </Panel>
        <Panel title="Empty">
          <Empty icon={Inbox} title="Empty" action={<Button kind="primary">action</Button>}>
            what to do next
          </Empty>
        </Panel>
        <Panel title="Failure">
          <Failure problem={problem} retry={() => undefined} />
        </Panel>
        <Panel title="NoPermission">
          <NoPermission />
        </Panel>
      </Columns>
      <Dialog
        open={open}
        onClose={() => setOpen(false)}
        title="Dialog"
        buttons={
          <Button kind="primary" onClick={() => setOpen(false)}>
            Close
          </Button>
        }
      >
        <TextField label="TextField" />
      </Dialog>
    </Page>
  )
}
