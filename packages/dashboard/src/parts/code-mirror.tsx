import { autocompletion, closeBrackets, closeBracketsKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { javascript } from '@codemirror/lang-javascript'
import { json, jsonParseLinter } from '@codemirror/lang-json'
import { bracketMatching, HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { linter } from '@codemirror/lint'
import { Compartment, EditorState, type Extension } from '@codemirror/state'
import { EditorView, keymap, lineNumbers } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { useEffect, useRef } from 'react'
import type { EditorProps } from './code-editor.tsx'

const look = EditorView.theme({
  '&': { fontSize: 'var(--text-s)', backgroundColor: 'transparent', color: 'var(--ink)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.6', maxHeight: '28rem' },
  '.cm-gutters': { background: 'transparent', border: 'none', color: 'var(--ink-3)' },
  '.cm-content': { caretColor: 'var(--ink)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': {
    background: 'light-dark(#d9daf8, #3a3d78)',
  },
  '.cm-tooltip': { background: 'var(--raised)', border: '1px solid var(--line)' },
})

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.bool, tags.null], color: 'var(--accent)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--good)' },
  { tag: [tags.number], color: 'var(--warn)' },
  { tag: [tags.comment], color: 'var(--ink-3)', fontStyle: 'italic' },
  { tag: [tags.propertyName, tags.definition(tags.variableName)], color: 'var(--info)' },
])

const languages: Record<EditorProps['language'], () => Extension> = {
  json: () => [json(), linter(jsonParseLinter(), { delay: 400 })],
  javascript: () => javascript(),
  // Close enough in its operators and strings to be coloured the same.
  cel: () => javascript(),
}

/**
 * CodeMirror in a shadow root: there it puts its styles into constructed sheets, where in a page it would make style
 * elements, which the Content-Security-Policy forbids.
 */
export function CodeMirror(given: Required<Pick<EditorProps, 'rows'>> & EditorProps) {
  const { language, value, onChange, label, readOnly = false, rows } = given
  const host = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(null)
  const changed = useRef(onChange)
  changed.current = onChange
  const writable = useRef(new Compartment())
  useEffect(() => {
    const root = host.current!.shadowRoot ?? host.current!.attachShadow({ mode: 'open' })
    const access = writable.current
    const editor = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: value,
        extensions: [
          lineNumbers(),
          history(),
          bracketMatching(),
          closeBrackets(),
          autocompletion(),
          keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap]),
          languages[language](),
          syntaxHighlighting(colours),
          look,
          EditorView.lineWrapping,
          EditorView.theme({ '.cm-content': { minHeight: `${rows * 1.6}em` } }),
          EditorView.contentAttributes.of({ 'aria-label': label }),
          access.of(EditorState.readOnly.of(readOnly)),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) changed.current(update.state.doc.toString())
          }),
        ],
      }),
    })
    view.current = editor
    return () => {
      editor.destroy()
      view.current = null
    }
    // What it holds is its own from here on; see below for what comes from outside.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [language, label, rows])
  useEffect(() => {
    const editor = view.current
    if (editor === null || editor.state.doc.toString() === value) return
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } })
  }, [value])
  useEffect(() => {
    view.current?.dispatch({
      effects: writable.current.reconfigure(EditorState.readOnly.of(readOnly)),
    })
  }, [readOnly])
  return <div ref={host} />
}
