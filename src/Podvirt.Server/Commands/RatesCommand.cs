using System.CommandLine;
using System.Text.Json;
using Podvirt.Server.Client;

namespace Podvirt.Server.Commands;

/// <summary><c>podvirt rates list|set|rerate|reratings</c>.</summary>
internal static class RatesCommand
{
    private static readonly (string Option, string Field, string Of)[] _prices =
    [
        ("--prompt", "prompt", "a million prompt tokens"),
        ("--cached", "cached", "a million cached prompt tokens; default: as prompt"),
        ("--completion", "completion", "a million generated tokens"),
        ("--embeddings", "embeddings", "a million embedded tokens; default: as prompt"),
        ("--video-second", "video_second", "a second of video"),
    ];

    public static Command Build(CommandContext context) => new("rates", "List and set prices, and bill the past by others")
    {
        BuildList(context),
        BuildSet(context),
        BuildRerate(context),
        BuildReratings(context),
    };

    private static ClientCommand BuildList(CommandContext context)
    {
        var model = new Argument<string?>("MODEL") { Description = "Only this model's", Arity = ArgumentArity.ZeroOrOne };
        var command = new ClientCommand("list", "List rate versions: USD for a million tokens, and for a second of video", context) { model };
        command.SetCall(
            "Asking for the rates",
            (parsed, client, cancellationToken) => client.GetAsync(
                parsed.GetValue(model) is { } id ? $"/api/models/{ApiPath.Of(id)}/rates" : "/api/rates", cancellationToken),
            (_, answer) => Show(context, answer.Items()));
        return command;
    }

    private static ClientCommand BuildSet(CommandContext context)
    {
        var model = Model();
        var from = new Option<string?>("--from") { Description = "When it begins, UTC, such as 2026-12-01T00:00:00Z; default now", HelpName = "TIME" };
        var options = _prices.Select(p => new Option<decimal?>(p.Option) { Description = $"USD for {p.Of}", HelpName = "USD" }).ToArray();
        var command = new ClientCommand("set", "Set a model's price from now or from a later moment on", context) { model, from };
        foreach (var option in options)
        {
            command.Add(option);
        }
        command.SetCall(
            "Setting the rate",
            (parsed, client, cancellationToken) =>
            {
                var body = new Dictionary<string, object?> { ["from"] = parsed.GetValue(from), ["by"] = context.UserName };
                for (var i = 0; i < options.Length; i++)
                {
                    body[_prices[i].Field] = parsed.GetValue(options[i]);
                }
                return client.PostAsync($"/api/models/{ApiPath.Of(parsed.GetRequiredValue(model))}/rates", body, cancellationToken);
            },
            (_, answer) => Show(context, [answer]));
        return command;
    }

    private static ClientCommand BuildRerate(CommandContext context)
    {
        var model = Model();
        var from = new Option<string>("--from") { Description = "Records that ended from then on, UTC", HelpName = "TIME", Required = true };
        var to = new Option<string>("--to") { Description = "And before then", HelpName = "TIME", Required = true };
        var version = new Option<int>("--rate-version") { Description = "By which they are billed afterwards; 0 is free", HelpName = "N", Required = true };
        var reason = new Option<string>("--reason") { Description = "Why; kept with the adjustments", HelpName = "TEXT", Required = true };
        var apply = new Option<bool>("--apply") { Description = "Do it; without this it is only shown what would change" };
        var command = new ClientCommand("rerate", "Bill records of the past by another rate version: shows what would change, and does it with --apply", context)
        {
            model, from, to, version, reason, apply,
        };
        command.SetCall(
            "Rating again",
            (parsed, client, cancellationToken) => client.PostAsync(
                $"/api/models/{ApiPath.Of(parsed.GetRequiredValue(model))}/rerate?dry_run={(parsed.GetValue(apply) ? "false" : "true")}",
                new
                {
                    from = parsed.GetValue(from),
                    to = parsed.GetValue(to),
                    rate_version = parsed.GetValue(version),
                    reason = parsed.GetValue(reason),
                    by = context.UserName,
                },
                cancellationToken),
            (_, answer) => ShowRerating(context, answer));
        return command;
    }

    private static ClientCommand BuildReratings(CommandContext context)
    {
        var command = new ClientCommand("reratings", "List the re-ratings that were made", context);
        command.SetCall(
            "Asking for the re-ratings",
            (_, client, cancellationToken) => client.GetAsync("/api/reratings", cancellationToken),
            (_, answer) => context.Terminal.Table(
                answer.Items(),
                ("ID", true, r => r.Text("id")),
                ("AT", false, r => r.Text("at")),
                ("BY", false, r => r.Text("by")),
                ("MODEL", false, r => r.Text("model")),
                ("FROM", false, r => r.Text("from")),
                ("TO", false, r => r.Text("to")),
                ("VERSION", true, r => r.Text("rate_version")),
                ("RECORDS", true, r => r.Text("records")),
                ("USD", true, r => r.Text("difference")),
                ("REASON", false, r => r.Text("reason"))));
        return command;
    }

    private static Argument<string> Model() => new("MODEL") { Description = "The model's id" };

    private static void Show(CommandContext context, IReadOnlyList<JsonElement> rates) => context.Terminal.Table(
        rates,
        ("MODEL", false, r => r.Text("model")),
        ("VERSION", true, r => r.Text("version")),
        ("", false, r => r.GetProperty("in_force").GetBoolean() ? "now" : ""),
        ("FROM", false, r => r.Text("from")),
        ("PROMPT", true, r => r.Text("prompt")),
        ("CACHED", true, r => r.Text("cached")),
        ("COMPLETION", true, r => r.Text("completion")),
        ("EMBEDDINGS", true, r => r.Text("embeddings")),
        ("VIDEO SECOND", true, r => r.Text("video_second")),
        ("SET BY", false, r => r.Text("set_by") is var by and not "-" ? by : "podvirt.yaml"));

    private static void ShowRerating(CommandContext context, JsonElement answer)
    {
        context.Terminal.Table(
            answer.Items("groups"),
            ("PROJECT", false, g => g.Text("project")),
            ("OLD VERSION", true, g => g.Text("old_rate_version")),
            ("RECORDS", true, g => g.Text("records")),
            ("USD", true, g => g.Text("difference")));
        var (records, difference) = (answer.Text("records"), answer.Text("difference"));
        context.Terminal.Error.WriteLine(
            records == "0" ? "Nothing to change: these records are billed by that version."
            : answer.GetProperty("dry_run").GetBoolean() ? $"Would adjust {records} records by {difference} USD. Say --apply to do it."
            : $"Adjusted {records} records by {difference} USD.");
    }
}
