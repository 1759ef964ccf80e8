using System.Text;

namespace Podvirt.LoadTest.Generator;

/// <summary>The bytes of a request, as an OpenAI client sends them, with what the mock needs to know in the body.</summary>
internal static class RequestText
{
    private const string Filling = "The quick brown fox jumps over the lazy dog and runs on through the wood to the river. ";

    /// <param name="plan">The run.</param>
    /// <param name="id">The request's number in the run.</param>
    /// <param name="slot">Whose conversation it belongs to.</param>
    /// <param name="turn">Which turn of the conversation, from 0.</param>
    public static byte[] Render(LoadPlan plan, long id, int slot, int turn)
    {
        var usage = plan.Usage switch
        {
            UsageOption.Include when plan.Stream => ",\"stream_options\":{\"include_usage\":true}",
            UsageOption.Continuous when plan.Stream => ",\"stream_options\":{\"include_usage\":true,\"continuous_usage_stats\":true}",
            _ => "",
        };
        var body = $$"""
            {"model":"{{plan.Model}}","messages":[{{Messages(plan, slot, turn)}}],"stream":{{(plan.Stream ? "true" : "false")}}{{usage}},"max_tokens":{{plan.Tokens}},"temperature":0.7,"mock":{"id":{{id}},"gap_us":{{plan.GapUs}},"first_us":{{plan.FirstUs}},"pad":{{plan.Padding}} } }
            """;
        var session = plan.Session switch
        {
            SessionChoice.PerSlot => $"X-Podvirt-Session-Id: {plan.Label}-{slot}\r\n",
            SessionChoice.PerRequest => $"X-Podvirt-Session-Id: {plan.Label}-{slot}-{turn}\r\n",
            _ => "",
        };
        return Encoding.UTF8.GetBytes(
            $"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{plan.Port}\r\nAuthorization: Bearer {plan.Key}\r\nUser-Agent: loadtest\r\n" +
            $"Accept: {(plan.Stream ? "text/event-stream" : "application/json")}\r\nContent-Type: application/json\r\n{session}Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");
    }

    /// <summary>A conversation: its beginning is its own, and each turn repeats all turns before it. Without sessions every request is a first turn.</summary>
    private static string Messages(LoadPlan plan, int slot, int turn)
    {
        turn = plan.Session == SessionChoice.None ? 0 : turn;
        var text = new StringBuilder("{\"role\":\"system\",\"content\":\"You are a helpful assistant.\"}");
        for (var i = 0; i <= turn; i++)
        {
            text.Append($",{{\"role\":\"user\",\"content\":\"Conversation {plan.Label} {slot}, question {i}: ");
            for (var length = 0; length < plan.PromptGrowth; length += Filling.Length)
            {
                text.Append(Filling);
            }
            text.Append("why is the sky blue?\"}");
            if (i < turn)
            {
                text.Append(",{\"role\":\"assistant\",\"content\":\"Because of Rayleigh scattering.\"}");
            }
        }
        return text.ToString();
    }
}
