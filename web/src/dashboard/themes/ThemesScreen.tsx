import { useQuery } from '@tanstack/react-query'
import { Palette, Plus } from 'lucide-react'
import { useState } from 'react'
import { Button } from '@/ui/Button'
import { useRest } from '../rest'
import { Badge, Card, Empty, Failure, Screen, Waiting } from '../ui/Screen'
import type { Theme } from './model'
import { ThemeEditor } from './ThemeEditor'
import { words } from './words'

/** All themes of the application, and the editor of one. */
export function ThemesScreen() {
  const rest = useRest()
  const [edited, setEdited] = useState<string | 'new' | null>(null)
  const themes = useQuery({
    queryKey: ['themes', rest.applicationId],
    queryFn: () => rest.ask<Theme[]>({ path: '/v1/meetings/themes' }),
  })
  const defaults = useQuery({
    queryKey: ['themes', rest.applicationId, 'default'],
    queryFn: () => rest.ask<{ default_theme_id: string | null }>({ path: '/v1/meetings/applications' }),
  })
  const defaultId = defaults.data?.default_theme_id ?? null
  const theme = themes.data?.find(({ theme_id }) => theme_id === edited) ?? null
  if (edited === 'new' || theme !== null) {
    return (
      <ThemeEditor
        key={edited}
        theme={theme}
        isDefault={theme !== null && theme.theme_id === defaultId}
        onCreated={setEdited}
        onBack={() => setEdited(null)}
      />
    )
  }
  const create = rest.role !== 'viewer' && (
    <Button look="primary" className="px-4" onClick={() => setEdited('new')}>
      <Plus className="size-4.5" aria-hidden="true" />
      {words.create}
    </Button>
  )
  return (
    <Screen
      title={words.title}
      text={rest.role === 'viewer' ? words.viewerOnly : words.text}
      actions={themes.data !== undefined && themes.data.length > 0 && create}
    >
      {themes.isError && themes.data === undefined ? (
        <Failure error={themes.error} onRetry={() => void themes.refetch()} />
      ) : themes.data === undefined ? (
        <Waiting />
      ) : themes.data.length === 0 ? (
        <Card title={words.list}>
          <Empty icon={Palette} title={words.emptyTitle} text={words.emptyText}>
            {create}
          </Empty>
        </Card>
      ) : (
        <ul className="grid gap-4 sm:grid-cols-2 lg:grid-cols-3">
          {themes.data.map((one) => (
            <li key={one.theme_id}>
              <button
                type="button"
                onClick={() => setEdited(one.theme_id)}
                className="block w-full overflow-hidden rounded-2xl border border-line bg-surface text-start shadow-1 transition-shadow hover:shadow-2"
              >
                <span className="sr-only">{words.edit}</span>
                <span className="flex h-24 items-center justify-center bg-[#ffffff] p-4">
                  {one.brand_image_colored_url === null ? (
                    <span className="truncate font-semibold text-[#13201b] text-lg">{one.brand_text}</span>
                  ) : (
                    <img src={one.brand_image_colored_url} alt="" className="max-h-full max-w-full object-contain" />
                  )}
                </span>
                <span className="block h-1.5" style={{ backgroundColor: one.main_color }} />
                <span className="flex items-center justify-between gap-3 p-4">
                  <span className="min-w-0">
                    <bdi className="block truncate font-medium">{one.theme_name}</bdi>
                    <span className="block text-muted text-sm tabular-nums">{one.main_color}</span>
                  </span>
                  {one.theme_id === defaultId && <Badge look="good">{words.isDefault}</Badge>}
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </Screen>
  )
}
