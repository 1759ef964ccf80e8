using System.CommandLine;
using System.Text.Json;

namespace Podvirt.Server.Commands;

/// <summary><c>podvirt invoices list|show|export</c>.</summary>
internal static class InvoicesCommand
{
    private static readonly string[] _formats = ["html", "csv", "json"];

    public static Command Build(CommandContext context) => new("invoices", "List, show and export invoices and drafts")
    {
        BuildList(context),
        BuildShow(context),
        BuildExport(context),
    };

    private static ClientCommand BuildList(CommandContext context)
    {
        var project = new Option<string?>("--project") { Description = "Only of this project", HelpName = "ID" };
        var month = new Option<string?>("--month") { Description = "Only of this UTC month, such as 2026-01", HelpName = "MONTH" };
        var command = new ClientCommand("list", "List invoices, drafts first", context) { project, month };
        command.SetCall(
            "Asking for the invoices",
            (parsed, client, cancellationToken) => client.GetAsync(
                $"/api/invoices?project={Escape(parsed.GetValue(project))}&month={Escape(parsed.GetValue(month))}", cancellationToken),
            (_, answer) => context.Terminal.Table(
                answer.Items(),
                ("INVOICE", false, i => i.Text("id")),
                ("STATUS", false, i => i.Text("status")),
                ("PROJECT", false, i => i.Text("project")),
                ("MONTH", false, i => i.Text("month")),
                ("FINAL", false, i => i.Text("final_at")),
                ("EXACT", true, i => i.Text("exact")),
                ("USD", true, i => i.Text("amount"))));
        return command;
    }

    private static ClientCommand BuildShow(CommandContext context)
    {
        var id = Id();
        var command = new ClientCommand("show", "Show one invoice's lines", context) { id };
        command.SetCall(
            "Asking for the invoice",
            (parsed, client, cancellationToken) => client.GetAsync($"/api/invoices/{Escape(parsed.GetRequiredValue(id))}", cancellationToken),
            (_, answer) => Show(context, answer));
        return command;
    }

    private static ClientCommand BuildExport(CommandContext context)
    {
        var id = Id();
        var format = new Option<string>("--format") { Description = "html, csv or json", HelpName = "FORMAT", DefaultValueFactory = _ => "html" };
        format.AcceptOnlyFromAmong(_formats);
        var output = new Option<string?>("--output") { Description = "The file; default: standard output", HelpName = "FILE" };
        var command = new ClientCommand("export", "Write one invoice as a page for printing, as CSV or as JSON", context) { id, format, output };
        command.SetCopy(async (parsed, client, cancellationToken) =>
        {
            var chosen = parsed.GetValue<bool>("--json") ? "json" : parsed.GetRequiredValue(format);
            var text = await client.GetTextAsync(
                $"/api/invoices/{Escape(parsed.GetRequiredValue(id))}{(chosen == "json" ? "" : "." + chosen)}", cancellationToken);
            if (parsed.GetValue(output) is not { } file)
            {
                await context.Terminal.Output.WriteAsync(text);
                return;
            }
            await File.WriteAllTextAsync(file, text, cancellationToken);
            await context.Terminal.Error.WriteLineAsync($"Written to {file}.");
        });
        return command;
    }

    private static Argument<string> Id() => new("INVOICE") { Description = "Its number, or a draft's id, as 'podvirt invoices list' shows it" };

    private static void Show(CommandContext context, JsonElement invoice)
    {
        context.Terminal.Table(
            invoice.Items("lines"),
            ("TYPE", false, l => l.Text("type")),
            ("MONTH", false, l => l.Text("month")),
            ("MODEL", false, l => l.Text("model")),
            ("KIND", false, l => l.Text("kind")),
            ("VERSION", true, l => l.Text("old_rate_version") is var old and not "-" ? $"{old} > {l.Text("rate_version")}" : l.Text("rate_version")),
            ("QUANTITY", true, l => l.Text("quantity")),
            ("PRICE", true, l => l.Text("price")),
            ("EXACT", true, l => l.Text("exact")),
            ("USD", true, l => l.Text("amount")));
        context.Terminal.Error.WriteLine(
            $"{invoice.Text("id")} ({invoice.Text("status")}), {invoice.Text("project")}, {invoice.Text("month")}: {invoice.Text("amount")} USD, exactly {invoice.Text("exact")}.");
        if (invoice.GetProperty("unreported").GetInt64() is > 0 and var unreported)
        {
            context.Terminal.Error.WriteLine($"{unreported} of the requests came without counts that can be billed from their engine and cost nothing.");
        }
    }

    private static string Escape(string? text) => Uri.EscapeDataString(text ?? "");
}
