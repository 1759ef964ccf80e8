using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Podvirt.Server.Client;

namespace Podvirt.Server.Commands;

/// <summary><c>podvirt requests list|show|export</c>.</summary>
internal static class RequestsCommand
{
    public static Command Build(CommandContext context) => new("requests", "List, explain and export the requests on the ledger")
    {
        BuildList(context),
        BuildShow(context),
        BuildExport(context),
    };

    private static ClientCommand BuildList(CommandContext context)
    {
        var filters = new UsageFilters();
        var limit = new Option<int>("--limit") { Description = "How many at most", HelpName = "N", DefaultValueFactory = _ => 50 };
        var after = new Option<string?>("--after") { Description = "Go on where a page ended, with the word that it gave", HelpName = "WORD" };
        var command = new ClientCommand("list", "List requests, newest first", context);
        filters.AddTo(command);
        command.Add(limit);
        command.Add(after);
        command.SetCall(
            "Asking for the requests",
            (parsed, client, cancellationToken) => client.GetAsync(
                $"/api/requests?limit={parsed.GetValue(limit)}{filters.Parameters(parsed)}{UsageFilters.Parameter("after", parsed.GetValue(after))}", cancellationToken),
            (_, answer) =>
            {
                context.Terminal.Table(
                    answer.Items(),
                    ("ID", false, r => r.Text("id")),
                    ("ENDED", false, r => r.GetProperty("ended_at").GetDateTimeOffset().ToString("yyyy-MM-dd HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)),
                    ("PROJECT", false, r => r.Text("project")),
                    ("MODEL", false, r => $"{r.Text("model")}@{r.Text("revision")}"),
                    ("OUTCOME", false, r => r.Text("reason") is var reason and not "-" ? $"{r.Text("outcome")} ({reason})" : r.Text("outcome")),
                    ("SECONDS", true, r => Seconds(r, "duration_us")),
                    ("WAITED", true, r => Seconds(r, "parked_us")),
                    ("TOKENS", true, r => (r.GetProperty("prompt_tokens").GetInt64() + r.GetProperty("completion_tokens").GetInt64()).ToString(CultureInfo.InvariantCulture)),
                    ("USD", true, r => r.Text("cost")));
                if (answer.Text("next") is var next and not "-")
                {
                    context.Terminal.Error.WriteLine($"There are more: --after {next}");
                }
            });
        return command;
    }

    private static ClientCommand BuildShow(CommandContext context)
    {
        var id = new Argument<string>("ID") { Description = "The request's id: the x-request-id of its reply" };
        var command = new ClientCommand("show", "Explain one request: what it waited for, what it used, what that cost", context);
        command.Add(id);
        command.SetCall(
            "Asking for the request",
            (parsed, client, cancellationToken) => client.GetAsync("/api/requests/" + Uri.EscapeDataString(parsed.GetRequiredValue(id)), cancellationToken),
            (_, answer) => Show(context, answer));
        return command;
    }

    private static ClientCommand BuildExport(CommandContext context)
    {
        var filters = new UsageFilters();
        var command = new ClientCommand("export", "Print all requests as CSV, oldest first, however many", context);
        filters.AddTo(command);
        command.SetCall(
            "Exporting the requests",
            (_, _, _) => throw new CommandFailure("An export is CSV; 'podvirt requests list --json' prints JSON.", ExitCodes.Usage),
            (_, _) => throw new InvalidOperationException("There is no answer to show."),
            _ => true,
            (parsed, client, cancellationToken) =>
                client.CopyTextAsync($"/api/requests.csv?{filters.Parameters(parsed).TrimStart('&')}", context.Terminal.Output, cancellationToken));
        return command;
    }

    private static void Show(CommandContext context, JsonElement request)
    {
        var output = context.Terminal.Output;
        output.WriteLine($"{request.Text("id")}  {request.Text("model")}@{request.Text("revision")}  {request.Text("surface")}");
        output.WriteLine(request.Text("explanation"));
        output.WriteLine($"project {request.Text("project")}, key {request.Text("key")}, replica {request.Text("replica")}, {request.Text("started_at")} to {request.Text("ended_at")}");
        output.WriteLine();
        context.Terminal.Table(
            request.Items("phases"),
            ("PHASE", false, p => p.Text("name")),
            ("FROM S", true, p => Seconds(p, "start_us")),
            ("SECONDS", true, p => Seconds(p, "duration_us")),
            ("BILLED", false, p => p.GetProperty("billed").GetBoolean() ? "yes" : "no"));
        output.WriteLine();
        if (request.GetProperty("cost_lines").ValueKind == JsonValueKind.Array)
        {
            context.Terminal.Table(
                [.. request.Items("cost_lines"), request],
                ("KIND", false, l => l.Text("kind") is var kind and not "-" ? kind : "(all)"),
                ("AMOUNT", true, l => l.Text("amount")),
                ("USD PER MILLION", true, l => l.Text("price")),
                ("USD", true, l => l.Text("cost")));
        }
        else
        {
            output.WriteLine($"{request.Text("cost")} USD, by version {request.Text("rate_version")} of a rate that is no longer known");
        }
        if (request.Text("tokens_per_second") is var pace and not "-")
        {
            output.WriteLine();
            output.WriteLine($"{double.Parse(pace, CultureInfo.InvariantCulture):0.#} tokens a second");
        }
    }

    private static string Seconds(JsonElement element, string name) =>
        element.GetProperty(name) is { ValueKind: JsonValueKind.Number } micros ? (micros.GetInt64() / 1e6).ToString("0.000", CultureInfo.InvariantCulture) : "-";
}
