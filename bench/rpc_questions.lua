-- wrk asks what the file QUESTIONS holds, a JSON-RPC message a line, one after the other.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"

local questions = {}
for line in io.lines(os.getenv("QUESTIONS")) do
  questions[#questions + 1] = line
end

local requests = {}
local at = 0

function init()
  for i, question in ipairs(questions) do
    requests[i] = wrk.format(nil, nil, nil, question)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end
