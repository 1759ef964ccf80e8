using System.Text.Json;
using Podvirt.Simulator.Chat;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Tools;

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
            if (item.Text("type") == "function_call")
            {
                AddCall(item, turns);
            }
            else if (TurnOf(item) is { } turn)
            {
                turns.Add(turn);
            }
        }

        return turns;
    }

    // A call belongs to the turn that it follows.
    private static void AddCall(Fields item, List<ChatMessage> turns)
    {
        var call = new ToolCall(Fields.TextOf(item.Need("name"), "name"), item.Text("arguments") ?? "");
        if (turns is [.., { Role: "assistant" } last])
        {
            turns[^1] = last with { Calls = [.. last.Calls, call] };
            return;
        }

        turns.Add(new ChatMessage("assistant", "") { Calls = [call] });
    }

    private static ChatMessage? TurnOf(Fields item) => item.Text("type") switch
    {
        null or "message" => new ChatMessage(Fields.TextOf(item.Need("role"), "role"), ChatContent.Read(item.Find("content"))),
        "function_call_output" => new ChatMessage("tool", ChatContent.Read(item.Need("output"))),
        // What the model thought is no part of what it reads again.
        "reasoning" => null,
        var type => throw RequestException.Malformed($"An input item cannot be of type '{type}'", "input"),
    };
}
