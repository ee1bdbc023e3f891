import Default from 'vitepress/theme'
import '../../../packages/dashboard/src/styles/tokens.css'
import './pombo.css'

export default Default
