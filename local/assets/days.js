// Days as the forms have them: YYYY-MM-DD, on this machine's calendar.

export const PAST = "This day is in the past. Enter the day on which the secret will expire.";

/** Whether a day is over; an empty one is not. */
export function isPast(day) {
  const now = new Date();
  const part = (number) => String(number).padStart(2, "0");
  return day !== "" && day < `${now.getFullYear()}-${part(now.getMonth() + 1)}-${part(now.getDate())}`;
}
