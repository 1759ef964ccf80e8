using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Podvirt.Core.Requests;

namespace Podvirt.Fuzz.References;

/// <summary>What a request body says, found in its <see cref="JsonDocument"/>, and everything that is wrong with it.</summary>
internal sealed partial class PeekReference
{
    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = 64 };
    private static readonly UTF8Encoding s_strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly ReadOnlyMemory<byte> _body;
    private readonly RequestSurface _surface;

    private PeekReference(ReadOnlyMemory<byte> body, RequestSurface surface)
    {
        _body = body;
        _surface = surface;
    }

    public bool IsUtf8 { get; private set; }

    /// <summary>Null: not valid JSON.</summary>
    public JsonElement? Root { get; private set; }

    /// <summary>The members it may be refused for; empty: it must be accepted. Meaningful for objects.</summary>
    public HashSet<string> Wrong { get; } = new(StringComparer.Ordinal);

    /// <summary>A name, a role or a stream's format holds half a character: it may be refused for it, where it is compared.</summary>
    public bool HasHalfNames { get; private set; }

    public ByteRange Model { get; private set; }

    public bool Stream { get; private set; }

    public bool MayStream { get; private set; }

    public ByteRange StreamOptions { get; private set; }

    public bool StreamOptionsIsNull { get; private set; }

    public bool StreamOptionsIsEmpty { get; private set; }

    public ByteRange IncludeUsage { get; private set; }

    public bool WantsUsage { get; private set; }

    public ByteRange ContinuousUsage { get; private set; }

    public bool WantsContinuousUsage { get; private set; }

    public ByteRange SystemPrompt { get; private set; }

    public ByteRange FirstUserMessage { get; private set; }

    public int Choices { get; private set; }

    public int BestOf { get; private set; }

    public int Prompts { get; private set; }

    public static PeekReference Read(ReadOnlyMemory<byte> body, RequestSurface surface)
    {
        var reference = new PeekReference(body, surface);
        try
        {
            _ = s_strictUtf8.GetCharCount(body.Span);
            reference.IsUtf8 = true;
            reference.Root = JsonDocument.Parse(body, s_options).RootElement;
        }
        catch (Exception e) when (e is JsonException or DecoderFallbackException)
        {
            return reference;
        }
        if (reference.Root is { ValueKind: JsonValueKind.Object } root)
        {
            reference.ReadRoot(JsonMember.Of(root));
        }
        return reference;
    }

    private void ReadRoot(List<JsonMember> members)
    {
        HasHalfNames = members.Exists(m => JsonMember.HasHalf(m.Name));
        ReadModel(One(members, "model"));
        ReadStream(One(members, "stream"), members);
        if (IsTyped)
        {
            ReadTyped(members);
            return;
        }
        if (IsOpenAis)
        {
            One(members, "stream_options");
            foreach (var options in members.Where(m => m.Name == "stream_options"))
            {
                ReadStreamOptions(options.Value);
            }
            ReadSampling(members);
        }
        foreach (var names in InputNames)
        {
            ReadInput(members, names);
        }
        var choices = (long)Math.Max(1, Choices) * Math.Max(1, Prompts);
        WrongUnless(!Stream || choices <= RequestPeeker.StreamChoicesMax, InputNames[0].FirstOrDefault(name => members.Exists(m => m.Name == name)) ?? "");
    }

    // The surfaces that take what OpenAI's chat takes.
    private bool IsOpenAis => _surface is RequestSurface.ChatCompletions or RequestSurface.Completions or RequestSurface.Embeddings;

    private bool IsNeverStreamed => _surface is RequestSurface.Embeddings or RequestSurface.Rerank or RequestSurface.Score or RequestSurface.Tokenize or RequestSurface.Detokenize
        or RequestSurface.MessageTokens;

    // One name of each group has to be there.
    private string[][] InputNames => _surface switch
    {
        RequestSurface.ChatCompletions => [["messages"]],
        RequestSurface.Completions => [["prompt"]],
        RequestSurface.Embeddings => [["input", "messages"]],
        RequestSurface.Rerank => [["query"], ["documents"]],
        RequestSurface.Score => [["queries", "text_1", "data_1"], ["documents", "text_2", "data_2", "items"]],
        RequestSurface.Tokenize => [["prompt", "messages"]],
        RequestSurface.Detokenize => [["tokens"]],
        _ => [["input"]],
    };

    private void ReadSampling(List<JsonMember> members)
    {
        foreach (var (name, value) in members.Select(m => (m.Name, m.Value)))
        {
            var isGood = name switch
            {
                "max_tokens" or "max_completion_tokens" => IsNull(value) || (IsInt(value, out var count) && count >= 1),
                "n" or "best_of" => IsNull(value) || (IsInt(value, out var choices) && choices is >= 1 and <= 128),
                "temperature" => IsNull(value) || (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number is >= 0 and <= 2),
                "stop" => IsNull(value) || IsString(value) || (value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(IsString)),
                _ => true,
            };
            WrongUnless(isGood, name);
        }
        Choices = LastCount(members, "n");
        BestOf = LastCount(members, "best_of");
    }

    private static int LastCount(List<JsonMember> members, string name) =>
        members.LastOrDefault(m => m.Name == name).Value is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out var count) ? count : 0;

    private void ReadModel(JsonElement? model)
    {
        WrongUnless(model is { ValueKind: JsonValueKind.String } text && JsonMember.TextOf(text) is { Length: > 0 } id && !JsonMember.HasHalf(id), "model");
        Model = model is { } value ? JsonMember.RangeOf(value, _body) : default;
    }

    private void ReadStream(JsonElement? stream, List<JsonMember> members)
    {
        WrongUnless(stream is null || IsSwitch(stream.Value), "stream");
        var isTrue = stream is { ValueKind: JsonValueKind.True };
        if (_surface != RequestSurface.Speech)
        {
            Stream = isTrue;
            WrongUnless(!Stream || !IsNeverStreamed, "stream");
            return;
        }
        var format = One(members, "stream_format");
        var text = format is { ValueKind: JsonValueKind.String } said ? JsonMember.TextOf(said) : null;
        WrongUnless(format is null || IsNull(format.Value) || text is "sse" or "audio", "stream_format");
        HasHalfNames |= members.Exists(m => m.Name == "stream_format" && IsString(m.Value) && JsonMember.HasHalf(JsonMember.TextOf(m.Value)));
        Stream = text == "sse";
        MayStream = isTrue && text is null;
    }

    private void ReadStreamOptions(JsonElement value)
    {
        StreamOptions = JsonMember.RangeOf(value, _body);
        StreamOptionsIsNull = IsNull(value);
        WrongUnless(StreamOptionsIsNull || (value.ValueKind == JsonValueKind.Object && Stream), "stream_options");
        if (value.ValueKind != JsonValueKind.Object)
        {
            return;
        }
        var members = JsonMember.Of(value);
        HasHalfNames |= members.Exists(m => JsonMember.HasHalf(m.Name));
        StreamOptionsIsEmpty = members.Count == 0;
        if (One(members, "include_usage", "stream_options.") is { } include)
        {
            WrongUnless(IsSwitch(include), "stream_options.include_usage");
            IncludeUsage = JsonMember.RangeOf(include, _body);
            WantsUsage = include.ValueKind == JsonValueKind.True;
        }
        if (One(members, "continuous_usage_stats", "stream_options.") is { } continuous)
        {
            WrongUnless(IsSwitch(continuous), "stream_options.continuous_usage_stats");
            ContinuousUsage = JsonMember.RangeOf(continuous, _body);
            WantsContinuousUsage = continuous.ValueKind == JsonValueKind.True;
        }
    }

    private void ReadInput(List<JsonMember> members, string[] names)
    {
        WrongUnless(members.Exists(m => names.Contains(m.Name)), names[0]);
        var isFirst = names[0] == InputNames[0][0];
        foreach (var name in names)
        {
            One(members, name);

            // Of two names whichever came last is refused.
            WrongUnless(!members.Exists(m => m.Name == name) || !members.Exists(m => m.Name != name && names.Contains(m.Name)), name);
        }
        foreach (var (name, input) in members.Where(m => names.Contains(m.Name)).Select(m => (m.Name, m.Value)))
        {
            if (name == "messages")
            {
                WrongUnless(input.ValueKind == JsonValueKind.Array && input.GetArrayLength() > 0, name);
                ReadMessages(input);
                continue;
            }
            WrongUnless(IsGoodInput(input), name);
            if (isFirst)
            {
                FirstUserMessage = JsonMember.RangeOf(input, _body);
                Prompts = input.ValueKind != JsonValueKind.Array ? 0
                    : input.EnumerateArray().Any(e => e.ValueKind == JsonValueKind.Number) ? 1
                    : input.GetArrayLength();
            }
        }
    }

    private bool IsGoodInput(JsonElement input) => _surface switch
    {
        RequestSurface.Tokenize => input.ValueKind == JsonValueKind.String,
        RequestSurface.Speech => input.ValueKind == JsonValueKind.String && JsonMarshal.GetRawUtf8Value(input).Length > 2,
        RequestSurface.Detokenize => input.ValueKind == JsonValueKind.Array,
        RequestSurface.Rerank or RequestSurface.Score => input.ValueKind switch
        {
            JsonValueKind.String => JsonMarshal.GetRawUtf8Value(input).Length > 2,
            JsonValueKind.Array => input.GetArrayLength() > 0,
            JsonValueKind.Object => input.EnumerateObject().Any(),
            _ => false,
        },
        _ => input.ValueKind is JsonValueKind.String or JsonValueKind.Array,
    };

    private void ReadMessages(JsonElement messages)
    {
        if (messages.ValueKind != JsonValueKind.Array)
        {
            return;
        }
        var index = 0;
        foreach (var message in messages.EnumerateArray())
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"messages[{index++}]");
            if (message.ValueKind != JsonValueKind.Object)
            {
                Wrong.Add(path);
                continue;
            }
            var members = JsonMember.Of(message);
            HasHalfNames |= members.Exists(m => JsonMember.HasHalf(m.Name) || (m.Name == "role" && IsString(m.Value) && JsonMember.HasHalf(JsonMember.TextOf(m.Value))));
            var roles = members.Where(m => m.Name == "role").Select(m => m.Value).ToList();
            var contents = members.Where(m => m.Name == "content").Select(m => m.Value).ToList();
            WrongUnless(roles.Count > 0 && roles.TrueForAll(IsString), $"{path}.role");
            WrongUnless(contents.TrueForAll(c => IsNull(c) || IsString(c) || c.ValueKind == JsonValueKind.Array), $"{path}.content");

            // Of doubled members the last one counts, as it does for engines.
            var content = contents.Count > 0 ? JsonMember.RangeOf(contents[^1], _body) : default;
            var role = roles.Count > 0 && IsString(roles[^1]) ? JsonMember.TextOf(roles[^1]) : "";
            Take(role, content);
        }
    }

    private void Take(string role, ByteRange content)
    {
        SystemPrompt = role is "system" or "developer" && !SystemPrompt.IsPresent ? content : SystemPrompt;
        FirstUserMessage = role == "user" && !FirstUserMessage.IsPresent ? content : FirstUserMessage;
    }

    // What routing reads must not be there twice.
    private JsonElement? One(List<JsonMember> members, string name, string path = "")
    {
        var found = members.Where(m => m.Name == name).Select(m => m.Value).ToList();
        WrongUnless(found.Count <= 1, path + name);
        return found.Count > 0 ? found[^1] : null;
    }

    private void WrongUnless(bool isGood, string member)
    {
        if (!isGood)
        {
            Wrong.Add(member);
        }
    }

    private static bool IsNull(JsonElement value) => value.ValueKind == JsonValueKind.Null;

    private static bool IsString(JsonElement value) => value.ValueKind == JsonValueKind.String;

    private static bool IsSwitch(JsonElement value) => value.ValueKind is JsonValueKind.True or JsonValueKind.False or JsonValueKind.Null;

    private static bool IsInt(JsonElement value, out int number)
    {
        number = 0;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out number);
    }
}
