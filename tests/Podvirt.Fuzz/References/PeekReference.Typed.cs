using System.Globalization;
using System.Text.Json;
using Podvirt.Core.Requests;

namespace Podvirt.Fuzz.References;

// Bodies of OpenAI's responses and Anthropic's messages.
internal sealed partial class PeekReference
{
    public ByteRange PreviousResponse { get; private set; }

    public bool IsNotStored { get; private set; }

    private bool IsTyped => _surface is RequestSurface.Responses or RequestSurface.Messages or RequestSurface.MessageTokens;

    private void ReadTyped(List<JsonMember> members)
    {
        var isResponse = _surface == RequestSurface.Responses;
        var name = isResponse ? "instructions" : "system";
        if (One(members, name) is { ValueKind: not JsonValueKind.Null } instructions)
        {
            WrongUnless(IsString(instructions) || instructions.ValueKind == JsonValueKind.Array, name);
            SystemPrompt = JsonMember.RangeOf(instructions, _body);
        }
        ReadCap(members);
        if (!isResponse)
        {
            WrongUnless(One(members, "messages") is { ValueKind: JsonValueKind.Array } messages && messages.GetArrayLength() > 0, "messages");
            members.Where(m => m.Name == "messages").ToList().ForEach(m => ReadMessages(m.Value));
            return;
        }
        WrongUnless(One(members, "input") is { ValueKind: JsonValueKind.String or JsonValueKind.Array }, "input");
        members.Where(m => m.Name == "input").ToList().ForEach(m => ReadItems(m.Value));
        ReadKept(members);
    }

    private void ReadCap(List<JsonMember> members)
    {
        var name = _surface == RequestSurface.Responses ? "max_output_tokens" : "max_tokens";
        if (_surface == RequestSurface.MessageTokens)
        {
            return;
        }
        var caps = members.Where(m => m.Name == name).Select(m => m.Value).ToList();
        WrongUnless(caps.TrueForAll(v => IsNull(v) || (IsInt(v, out var count) && count >= 1)), name);
        WrongUnless(_surface != RequestSurface.Messages || caps.Exists(v => !IsNull(v)), name);
    }

    private void ReadItems(JsonElement input)
    {
        if (IsString(input))
        {
            FirstUserMessage = JsonMember.RangeOf(input, _body);
        }
        if (input.ValueKind != JsonValueKind.Array)
        {
            return;
        }
        var index = 0;
        foreach (var item in input.EnumerateArray())
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"input[{index++}]");
            if (item.ValueKind != JsonValueKind.Object)
            {
                Wrong.Add(path);
                continue;
            }
            var members = JsonMember.Of(item);
            HasHalfNames |= members.Exists(m => JsonMember.HasHalf(m.Name) || (m.Name == "role" && IsString(m.Value) && JsonMember.HasHalf(JsonMember.TextOf(m.Value))));
            var role = members.LastOrDefault(m => m.Name == "role" && IsString(m.Value)).Value;
            var content = members.LastOrDefault(m => m.Name == "content").Value;
            Take(
                role.ValueKind == JsonValueKind.String ? JsonMember.TextOf(role) : "",
                content.ValueKind == JsonValueKind.Undefined ? default : JsonMember.RangeOf(content, _body));
        }
    }

    private void ReadKept(List<JsonMember> members)
    {
        var previous = members.Where(m => m.Name == "previous_response_id").Select(m => m.Value).ToList();
        WrongUnless(
            previous.Count(v => !IsNull(v)) <= 1 && previous.TrueForAll(v => IsNull(v) || (IsString(v) && v.GetRawText().Length > 2)), "previous_response_id");
        PreviousResponse = previous.Find(v => !IsNull(v)) is { ValueKind: not JsonValueKind.Undefined } id ? JsonMember.RangeOf(id, _body) : default;
        foreach (var (name, value) in members.Select(m => (m.Name, m.Value)))
        {
            WrongUnless(name is not ("store" or "background") || IsSwitch(value), name);
            WrongUnless(name != "background" || value.ValueKind != JsonValueKind.True, name);
            WrongUnless(name != "request_id" || IsNull(value), name);
        }
        IsNotStored = members.LastOrDefault(m => m.Name == "store").Value.ValueKind == JsonValueKind.False;
    }
}
