using System.Text.Json;
using Podvirt.Simulator.Chat;
using Podvirt.Simulator.Completions;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Options;
using Podvirt.Simulator.Schemas;
using Podvirt.Simulator.Tools;

namespace Podvirt.Simulator.Responses;

/// <summary>A checked request for a response. The body is kept whole: the response repeats much of it.</summary>
internal sealed record ResponseRequest(string Id, long Created, JsonElement Body, Sampling Sampling)
{
    public required bool Background { get; init; }

    /// <summary>Asked for, unless the request says no; whether the engine keeps anything is its own matter.</summary>
    public required bool Store { get; init; }

    public required string? PreviousId { get; init; }

    public required string? Instructions { get; init; }

    public required IReadOnlyList<ChatMessage> Input { get; init; }

    public required bool Thinks { get; init; }

    public required ToolUse Use { get; init; }

    public required OutputForm? Form { get; init; }

    /// <exception cref="RequestException">A field has the wrong type or value; the model is not checked here.</exception>
    public static ResponseRequest Read(JsonElement body, SimulatorOptions options, TimeProvider time)
    {
        var fields = new Fields(body);
        var input = ResponseInput.Read(fields.Need("input"));
        var background = fields.Flag("background");
        var store = !fields.Has("store") || fields.Flag("store");
        if (background && !store)
        {
            throw RequestException.Malformed("Value error, background can only be used when `store` is true", "background");
        }

        if (fields.Has("prompt"))
        {
            throw RequestException.Malformed("Value error, prompt template is not supported", "prompt");
        }

        if (fields.Texts("include").Contains("message.output_text.logprobs"))
        {
            throw RequestException.NotImplemented("The simulated engine has no log probabilities of responses.", "include");
        }

        var now = time.GetUtcNow();
        return new ResponseRequest(
            fields.Text("request_id") ?? $"resp_{Guid.CreateVersion7(now):N}", now.ToUnixTimeSeconds(), body, ReadSampling(fields, options))
        {
            Background = background,
            Store = store,
            PreviousId = fields.Text("previous_response_id"),
            Instructions = fields.Text("instructions"),
            Input = input,
            Thinks = ChatTemplate.Thinks(fields, options),
            Use = ReadTools(fields, options),
            Form = OutputForm.ReadResponse(fields),
        };
    }

    /// <summary>What the model is asked: the instructions, the earlier turns without theirs, the new input.</summary>
    public IReadOnlyList<ChatMessage> Conversation(StoredResponse? previous)
    {
        var turns = new List<ChatMessage>();
        if (Instructions is { Length: > 0 } instructions)
        {
            turns.Add(new ChatMessage("system", instructions));
        }

        if (previous is not null)
        {
            turns.AddRange(previous.Conversation.Where(turn => turn.Role != "system"));
            turns.AddRange(previous.Output.Where(item => item.Kind == OutputKind.Message).Select(item => new ChatMessage("assistant", item.Text)));
        }

        turns.AddRange(Input);
        return turns;
    }

    // Tools that are no functions are the engine's own, of which this one has none. An engine without free choice finds no calls in what the
    // model writes, where chat refuses the request.
    private static ToolUse ReadTools(Fields fields, SimulatorOptions options)
    {
        var tools = ToolUse.ReadTools(fields, tool => tool.Text("type") == "function" ? Tool.Read(tool) : null);
        var use = ToolUse.ReadChoice(fields, tools, choice => choice.Text("name"));
        var free = options is { AutoToolChoice: true, ToolCallParser: not null };
        return use.Choice == ToolChoice.Auto && !free ? use with { Choice = ToolChoice.None } : use;
    }

    private static Sampling ReadSampling(Fields fields, SimulatorOptions options)
    {
        var temperature = fields.Number("temperature") ?? 1;
        Sampling.Check(temperature is >= 0 and <= 100, "temperature", "must be non-negative", temperature);
        Sampling.CheckNumbers(fields);
        return new Sampling
        {
            Model = fields.Text("model"),
            Stream = fields.Flag("stream"),
            Choices = 1,
            Temperature = temperature,
            Seed = (ulong)(fields.Whole("seed") ?? Random.Shared.NextInt64()),
            Stops = Sampling.StopsOf(fields, "stop"),
            IncludeStop = fields.Flag("include_stop_str_in_output"),
            TokensMax = fields.Has("max_output_tokens") ? Sampling.Bounded(fields, "max_output_tokens", 1, 1, int.MaxValue) : null,
            TokensMin = options.TokensMin,
            IgnoreEnd = fields.Flag("ignore_eos"),
        };
    }
}
