using System.Text.Json;
using Podvirt.Simulator.Chat;
using Podvirt.Simulator.Engine;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Language;
using Podvirt.Simulator.Tools;

namespace Podvirt.Simulator.Responses;

/// <summary>A response that is being made.</summary>
internal sealed record ResponseRun(
    ResponseRequest Request, string Model, int TokensMax, IReadOnlyList<ChatMessage> Conversation, Generation Generation)
{
    public string Id => Request.Id;

    private Sequence Sequence => Generation.Sequences[0];

    /// <summary>The response as it stands; what has ended has its usage.</summary>
    public void Write(Utf8JsonWriter writer, string status, IReadOnlyList<OutputItem> output) => ResponseBody.Write(
        writer, Request, Model, TokensMax, status, output, status is ResponseBody.Completed or ResponseBody.Incomplete ? Generation : null);

    public StoredResponse Queued() => Stored(ResponseBody.Queued, []) with { Cancelled = Stored(ResponseBody.Cancelled, []) };

    public StoredResponse Failed() => Stored(ResponseBody.Failed, []);

    /// <param name="output">What was streamed; null for what the generation holds.</param>
    public StoredResponse Ended(IReadOnlyList<OutputItem>? output = null) => Stored(ResponseBody.StatusOf(Sequence), output ?? Output());

    private StoredResponse Stored(string status, IReadOnlyList<OutputItem> output) =>
        new(status, Conversation, output, Json.Bytes(writer => Write(writer, status, output)));

    private List<OutputItem> Output()
    {
        var items = new List<OutputItem>();
        var hash = $"{Chooser.Hash(Id):x16}";
        if (Sequence.Thinking is { } thinking)
        {
            items.Add(new OutputItem(OutputKind.Reasoning, $"rs_{hash}", thinking));
        }

        if (Sequence.Answer.Length > 0)
        {
            items.Add(new OutputItem(OutputKind.Message, $"msg_{hash}", Sequence.Answer));
        }

        var calls = Sequence.Calls;
        for (var i = 0; i < calls.Count; i++)
        {
            items.Add(OutputItem.Call($"fc_{hash}{i}", ToolScript.IdOf("call_", Id, 0, i), calls[i].Name) with { Text = calls[i].Arguments });
        }

        return items;
    }
}
