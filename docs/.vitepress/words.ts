/** What VitePress says of itself, in Portuguese. */
import type { DefaultTheme } from 'vitepress'

export const portuguese: DefaultTheme.Config = {
  outline: { level: [2, 3], label: 'Nesta página' },
  docFooter: { prev: 'Anterior', next: 'Próxima' },
  darkModeSwitchLabel: 'Aparência',
  lightModeSwitchTitle: 'Mudar para o tema claro',
  darkModeSwitchTitle: 'Mudar para o tema escuro',
  sidebarMenuLabel: 'Menu',
  returnToTopLabel: 'Voltar ao topo',
  langMenuLabel: 'Mudar o idioma',
  skipToContentLabel: 'Ir para o conteúdo',
  notFound: {
    title: 'PÁGINA NÃO ENCONTRADA',
    quote: 'Não há nada neste endereço.',
    linkLabel: 'ir para o início',
    linkText: 'Ir para o início',
  },
}

export const searchInPortuguese = {
  button: { buttonText: 'Buscar', buttonAriaLabel: 'Buscar' },
  modal: {
    displayDetails: 'Mostrar a lista detalhada',
    resetButtonTitle: 'Limpar a busca',
    backButtonTitle: 'Fechar a busca',
    noResultsText: 'Nada encontrado para',
    footer: {
      selectText: 'abrir',
      selectKeyAriaLabel: 'enter',
      navigateText: 'navegar',
      navigateUpKeyAriaLabel: 'seta para cima',
      navigateDownKeyAriaLabel: 'seta para baixo',
      closeText: 'fechar',
      closeKeyAriaLabel: 'escape',
    },
  },
}
