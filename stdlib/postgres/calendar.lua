-- Days and texts of the proleptic Gregorian calendar. Moments are microseconds of a wall clock since 1970.
local calendar = {}

local day_us = 86400000000

-- Days since 1970 of a date, and back (H. Hinnant, chrono-Compatible Low-Level Date Algorithms).
function calendar.days(year, month, day)
  if month <= 2 then year = year - 1 end
  local era = year // 400
  local of_era = year - era * 400
  local of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
  return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468
end

function calendar.date(days)
  days = days + 719468
  local era = days // 146097
  local of_era = days - era * 146097
  local year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
  local of_year = of_era - (365 * year + year // 4 - year // 100)
  local shifted = (5 * of_year + 2) // 153
  local month = shifted < 10 and shifted + 3 or shifted - 9
  return year + era * 400 + (month <= 2 and 1 or 0), month, of_year - (153 * shifted + 2) // 5 + 1
end

-- `moment` on the first of a month, so many months later.
function calendar.add_months(moment, months)
  local year, month = calendar.date(moment // day_us)
  local count = year * 12 + month - 1 + months
  return calendar.days(count // 12, count % 12 + 1, 1) * day_us
end

-- ISO 8601: the week that has the Thursday.
local function iso_week(days)
  local thursday = days - (days + 3) % 7 + 3
  local year = calendar.date(thursday)
  return year, (thursday - calendar.days(year, 1, 1)) // 7 + 1
end

-- As to_char does, for the patterns that names of partitions have; what stands in quotes stays.
function calendar.format(moment, format)
  local days = moment // day_us
  local minutes = moment % day_us // 60000000
  local year, month, day = calendar.date(days)
  local iso_year, week = iso_week(days)
  local tokens = {
    { "IYYY", string.format("%04d", iso_year) }, { "YYYY", string.format("%04d", year) },
    { "HH24", string.format("%02d", minutes // 60) }, { "IW", string.format("%02d", week) },
    { "MM", string.format("%02d", month) }, { "MI", string.format("%02d", minutes % 60) },
    { "DD", string.format("%02d", day) }, { "YY", string.format("%02d", year % 100) },
    { "Q", string.format("%d", (month + 2) // 3) },
  }
  local text, at, quoted = "", 1, false
  while at <= #format do
    local taken
    local char = string.sub(format, at, at)
    if char == '"' then
      quoted = not quoted
      at = at + 1
      taken = ""
    elseif not quoted then
      for _, token in ipairs(tokens) do
        if not taken and string.sub(format, at, at + #token[1] - 1) == token[1] then
          taken = token[2]
          at = at + #token[1]
        end
      end
    end
    if not taken then
      taken = char
      at = at + 1
    end
    text = text .. taken
  end
  return text
end

-- For SQL, without its zone: 2026-12-01, or 2026-12-01 06:00:00.
function calendar.text(moment, with_time)
  local year, month, day = calendar.date(moment // day_us)
  local text = string.format("%04d-%02d-%02d", year, month, day)
  if not with_time then return text end
  local rest = moment % day_us
  local seconds = rest // 1000000
  text = text .. string.format(" %02d:%02d:%02d", seconds // 3600, seconds // 60 % 60, seconds % 60)
  if rest % 1000000 ~= 0 then text = text .. string.format(".%06d", rest % 1000000) end
  return text
end

return calendar
