// What `<script src="https://pombo.example.com/portal.js">` loads: built into the dashboard, no part of the package.
import { definePomboPortal } from './element.ts'

definePomboPortal()
