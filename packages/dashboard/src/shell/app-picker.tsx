import { Combobox } from '@base-ui/react/combobox'
import { useQuery } from '@tanstack/react-query'
import { Check, ChevronsUpDown } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { appsQuery } from '../api/apps.ts'
import { buttonClass } from '../parts/button.tsx'
import fieldStyles from '../parts/field.module.css'
import menuStyles from '../parts/menu.module.css'
import styles from './app-picker.module.css'
import { useScope, useSetScope } from './scope.ts'

interface Item {
  value: string
  label: string
}

/** Which app the pages are about. Its choice is a part of the address. */
export function AppPicker() {
  const t = useTranslations('shell')
  const scope = useScope()
  const setScope = useSetScope()
  const [open, setOpen] = useState(false)
  const apps = useQuery(appsQuery)
  const all: Item = { value: '', label: t('allApps') }
  const items: Item[] = [
    all,
    ...(apps.data ?? []).map(({ id, name }) => ({ value: id, label: name })),
  ]
  const current = items.find(({ value }) => value === (scope ?? '')) ?? {
    value: scope ?? '',
    label: scope ?? '',
  }
  return (
    <Combobox.Root
      items={items}
      open={open}
      onOpenChange={setOpen}
      value={current}
      isItemEqualToValue={(one: Item, other: Item) => one.value === other.value}
      onValueChange={(picked: Item | null) => setScope(picked?.value || undefined)}
    >
      <Combobox.Trigger className={buttonClass({}, styles.trigger ?? '')} aria-label={t('app')}>
        <span>{current.label}</span>
        <ChevronsUpDown size={13} aria-hidden />
      </Combobox.Trigger>
      <Combobox.Portal>
        <Combobox.Positioner className={menuStyles.positioner} sideOffset={4} align="start">
          <Combobox.Popup className={menuStyles.popup}>
            <Combobox.Input
              className={fieldStyles.input}
              placeholder={t('findApp')}
              aria-label={t('findApp')}
            />
            <Combobox.Empty className={menuStyles.label}>{t('noApp')}</Combobox.Empty>
            <Combobox.List>
              {(item: Item) => (
                <Combobox.Item key={item.value} value={item} className={menuStyles.item}>
                  {item.label}
                  <Combobox.ItemIndicator className={menuStyles.tick}>
                    <Check size={14} aria-hidden />
                  </Combobox.ItemIndicator>
                </Combobox.Item>
              )}
            </Combobox.List>
          </Combobox.Popup>
        </Combobox.Positioner>
      </Combobox.Portal>
    </Combobox.Root>
  )
}
