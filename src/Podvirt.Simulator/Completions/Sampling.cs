using Podvirt.Simulator.Http;
using Podvirt.Simulator.Options;

namespace Podvirt.Simulator.Completions;

/// <summary>What chat and completion requests have in common.</summary>
internal sealed record Sampling
{
    public string? Model { get; init; }

    public bool Stream { get; init; }

    public bool IncludeUsage { get; init; }

    public bool ContinuousUsage { get; init; }

    public int Choices { get; init; }

    public double Temperature { get; init; }

    public ulong Seed { get; init; }

    public string[] Stops { get; init; } = [];

    public bool IncludeStop { get; init; }

    public int[] StopTokens { get; init; } = [];

    public int? TokensMax { get; init; }

    public int TokensMin { get; init; }

    public bool IgnoreEnd { get; init; }

    /// <exception cref="RequestException">A field has the wrong type or value; the model is not checked here.</exception>
    public static Sampling Read(Fields fields, SimulatorOptions options)
    {
        var stream = fields.Flag("stream");
        var usage = fields.Group("stream_options");
        if (usage is not null && !stream)
        {
            throw RequestException.Bad("Stream options can only be defined when `stream=True`.", "stream_options");
        }

        if (options.RejectContinuousUsage && usage is { } streamOptions && streamOptions.Has("continuous_usage_stats"))
        {
            throw RequestException.Malformed("Extra inputs are not permitted: continuous_usage_stats", "stream_options");
        }

        var includeUsage = usage?.Flag("include_usage") ?? false;
        var temperature = fields.Number("temperature") ?? 1;
        var choices = Bounded(fields, "n", 1, 1, 1_024);
        Check(temperature is >= 0 and <= 100, "temperature", "must be non-negative", temperature);
        if (choices > 1 && temperature == 0)
        {
            throw RequestException.Bad($"n must be 1 when using greedy sampling, got {choices}.", "n");
        }

        CheckNumbers(fields);
        if (fields.Has("prompt_logprobs"))
        {
            // What a real engine would do and this one cannot: said, not ignored.
            throw RequestException.NotImplemented("The simulated engine has no log probabilities of prompts.", "prompt_logprobs");
        }

        int? tokensMax = fields.Has("max_completion_tokens") ? Bounded(fields, "max_completion_tokens", 1, 1, int.MaxValue)
            : fields.Has("max_tokens") ? Bounded(fields, "max_tokens", 1, 1, int.MaxValue)
            : null;
        var tokensMin = Bounded(fields, "min_tokens", 0, 0, int.MaxValue);
        if (tokensMin > tokensMax)
        {
            throw RequestException.Bad($"min_tokens must be less than or equal to max_tokens={tokensMax}, got {tokensMin}.", "min_tokens");
        }

        return new Sampling
        {
            Model = fields.Text("model"),
            Stream = stream,
            IncludeUsage = includeUsage,
            ContinuousUsage = includeUsage && !options.NoContinuousUsage && usage!.Value.Flag("continuous_usage_stats"),
            Choices = choices,
            Temperature = temperature,
            // Without a seed every request goes its own way, as it does on a gpu.
            Seed = (ulong)(fields.Whole("seed") ?? Random.Shared.NextInt64()),
            Stops = StopsOf(fields, "stop"),
            IncludeStop = fields.Flag("include_stop_str_in_output"),
            StopTokens = fields.Wholes("stop_token_ids"),
            TokensMax = tokensMax,
            TokensMin = fields.Has("min_tokens") ? tokensMin : options.TokensMin,
            IgnoreEnd = fields.Flag("ignore_eos"),
        };
    }

    /// <summary>The tokens that a prompt may be continued by.</summary>
    /// <exception cref="RequestException">Prompt and cap do not fit the context.</exception>
    public int Room(int promptTokens, int contextTokens, int? defaultMax)
    {
        var room = contextTokens - promptTokens;
        if (room < 1)
        {
            throw RequestException.Bad(
                $"This model's maximum context length is {contextTokens} tokens. However, your request has {promptTokens} input tokens. "
                + "Please reduce the length of the input messages.", "input_tokens");
        }

        if (TokensMax > room)
        {
            throw RequestException.Bad(
                $"'max_tokens' or 'max_completion_tokens' is too large: {TokensMax}. This model's maximum context length is {contextTokens} tokens "
                + $"and your request has {promptTokens} input tokens ({TokensMax} > {contextTokens} - {promptTokens}).", "max_tokens");
        }

        return Math.Min(TokensMax ?? defaultMax ?? room, room);
    }

    public static string[] StopsOf(Fields fields, string name)
    {
        var stops = fields.Texts(name);
        return stops.Contains("") ? throw RequestException.Bad("stop cannot contain an empty string.", name) : stops;
    }

    public static int Bounded(Fields fields, string name, int absent, int min, int max)
    {
        var value = fields.Whole(name) ?? absent;
        Check(value >= min && value <= max, name, $"must be at least {min}" + (max == int.MaxValue ? "" : $" and at most {max}"), value);
        return (int)value;
    }

    public static void CheckNumbers(Fields fields)
    {
        if (fields.Number("top_p") is { } topP)
        {
            Check(topP is > 0 and <= 1, "top_p", "must be in (0, 1]", topP);
        }

        if (fields.Number("min_p") is { } minP)
        {
            Check(minP is >= 0 and <= 1, "min_p", "must be in [0, 1]", minP);
        }

        if (fields.Whole("top_k") is { } topK)
        {
            Check(topK >= -1, "top_k", "must be -1 or 0 (disable), or at least 1", topK);
        }

        foreach (var name in (string[])["presence_penalty", "frequency_penalty"])
        {
            if (fields.Number(name) is { } penalty)
            {
                Check(penalty is >= -2 and <= 2, name, "must be in [-2, 2]", penalty);
            }
        }
    }

    public static void Check(bool right, string name, string wanted, object value)
    {
        if (!right)
        {
            throw RequestException.Bad($"{name} {wanted}, got {value}.", name);
        }
    }
}
