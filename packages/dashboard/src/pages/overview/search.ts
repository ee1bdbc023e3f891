import { seriesSpans } from '../../api/series.ts'
import { search } from '../../shell/search.ts'

export const overviewSearch = search({ span: seriesSpans })
