import React, { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Meeting } from './Meeting.jsx'

const roomUrl = new URLSearchParams(location.search).get('room')

createRoot(document.getElementById('root')).render(
  <StrictMode>
    <h1>Support</h1>
    <Meeting roomUrl={roomUrl} displayName="Ada" />
  </StrictMode>,
)
