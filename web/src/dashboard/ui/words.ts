/** The words that several screens of the dashboard share. */
export const words = {
  loading: 'Loading…',
  failed: 'This could not be loaded. Please try again.',
  retry: 'Try again',
  deletedRoom: 'Deleted room',
}
