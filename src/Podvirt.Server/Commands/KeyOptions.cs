using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Podvirt.Server.Client;

namespace Podvirt.Server.Commands;

/// <summary>What can be said of a key, on its creation and later.</summary>
internal sealed class KeyOptions
{
    private const string None = "none";

    private readonly Option<string?> _expires;
    private readonly Option<string?> _models = new("--models") { Description = "The models that it may call, with commas between; 'all' for all", HelpName = "MODELS" };
    private readonly Option<string?> _requests = new("--requests-per-minute") { Description = "At most so many requests a minute, or 'none' for no limit", HelpName = "N" };
    private readonly Option<string?> _tokens = new("--tokens-per-minute") { Description = "At most so many tokens a minute, or 'none'", HelpName = "N" };
    private readonly Option<string?> _budget = new("--monthly-budget") { Description = "At most so many USD a calendar month (UTC), or 'none'", HelpName = "USD" };

    public KeyOptions(Command command, string expires)
    {
        _expires = new Option<string?>("--expires") { Description = expires, HelpName = "TIME" };
        foreach (var option in new[] { _expires, _models, _requests, _tokens, _budget })
        {
            command.Add(option);
        }
    }

    /// <summary>Members for what was said; null where a limit is taken away.</summary>
    public void AddTo(JsonObject body, ParseResult parsed)
    {
        Add("expires_in", parsed.GetValue(_expires), "never", text => text);
        Add("models", parsed.GetValue(_models), "all", text => new JsonArray([.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)]));
        Add("requests_per_minute", parsed.GetValue(_requests), None, text => Number("--requests-per-minute", text));
        Add("tokens_per_minute", parsed.GetValue(_tokens), None, text => Number("--tokens-per-minute", text));
        Add("monthly_budget", parsed.GetValue(_budget), None, text => text);

        void Add(string name, string? text, string nothing, Func<string, JsonNode> value)
        {
            if (text is not null)
            {
                body[name] = text == nothing ? null : value(text);
            }
        }
    }

    private static JsonNode Number(string option, string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        ? number
        : throw new CommandFailure($"{option} takes a whole number or '{None}', not '{text}'.", ExitCodes.Usage);
}
