import { createApp, h } from 'vue'
import Meeting from './Meeting.vue'

const roomUrl = new URLSearchParams(location.search).get('room')

createApp({ render: () => [h('h1', 'Support'), h(Meeting, { roomUrl, displayName: 'Ada' })] }).mount('#app')
