using System.Text.Json;
using Podvirt.Simulator.Chat;
using Podvirt.Simulator.Http;

namespace Podvirt.Simulator.Responses;

/// <summary>Turns the input of a response into chat turns. A text is the user's; items are messages, calls of functions and their outputs.</summary>
internal static class ResponseInput
{
    public static List<ChatMessage> Read(JsonElement input)
    {
        if (input.ValueKind != JsonValueKind.Array)
        {
            return [new ChatMessage("user", Fields.TextOf(input, "input"))];
        }

        var turns = new List<ChatMessage>();
        foreach (var item in ChatContent.Parts(input, "input"))
        {
            if (TurnOf(item) is { } turn)
            {
                turns.Add(turn);
            }
        }

        return turns;
    }

    private static ChatMessage? TurnOf(Fields item) => item.Text("type") switch
    {
        null or "message" => new ChatMessage(Fields.TextOf(item.Need("role"), "role"), ChatContent.Read(item.Find("content"))),
        "function_call_output" => new ChatMessage("tool", ChatContent.Read(item.Need("output"))),
        // What the model thought, and the calls that it made, are no part of what it reads again.
        "function_call" or "reasoning" => null,
        var type => throw RequestException.Malformed($"An input item cannot be of type '{type}'", "input"),
    };
}
