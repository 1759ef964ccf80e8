using System.CommandLine;
using System.Text.Json;
using Podvirt.Server.Client;

namespace Podvirt.Server.Commands;

/// <summary><c>podvirt apply -f podvirt.yaml [--dry-run]</c>.</summary>
internal static class ApplyCommand
{
    private static readonly string[] _kinds = ["added", "changed", "repriced", "removed"];
    private static readonly string[] _planKinds = ["added", "changed", "removed"];

    public static Command Build(CommandContext context)
    {
        var file = new Option<string>("--file", "-f") { Description = "The configuration file whose models become the catalog, and its plans the plans", HelpName = "FILE", Required = true };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say what would change" };
        var command = new ClientCommand("apply", "Apply a configuration file's models and plans to the running server", context);
        command.Add(file);
        command.Add(dryRun);
        command.SetCall(
            "Applying the file",
            async (parsed, client, cancellationToken) =>
            {
                var path = parsed.GetRequiredValue(file);
                if (!File.Exists(path))
                {
                    throw new CommandFailure($"There is no file '{path}'.", ExitCodes.Usage);
                }
                var text = await File.ReadAllTextAsync(path, cancellationToken);
                var flag = parsed.GetValue(dryRun) ? "true" : "false";
                return await client.PostTextAsync(
                    $"/api/catalog?dry_run={flag}&name={Uri.EscapeDataString(Path.GetFileName(path))}", text, "application/yaml", cancellationToken);
            },
            (_, answer) => Show(context, answer));
        return command;
    }

    private static void Show(CommandContext context, JsonElement answer)
    {
        var output = context.Terminal.Output;
        foreach (var id in answer.Items("added"))
        {
            output.WriteLine($"+ {id.GetString()}");
        }
        foreach (var (name, what) in new[] { ("changed", "revision"), ("repriced", "price only, revision") })
        {
            foreach (var model in answer.Items(name))
            {
                output.WriteLine($"~ {model.Text("id")} ({what} {model.Text("revision")})");
                ShowFields(output, model);
            }
        }
        foreach (var id in answer.Items("removed"))
        {
            output.WriteLine($"- {id.GetString()}");
        }
        var count = _kinds.Sum(name => answer.GetProperty(name).GetArrayLength());
        var plans = ShowPlans(output, answer.GetProperty("plans"));
        output.WriteLine(
            count + plans == 0 ? "Nothing changes."
            : answer.GetProperty("dry_run").GetBoolean() ? "Nothing was applied: this was a dry run."
            : count == 0 ? $"Applied as revision {answer.Text("plans", "revision")} of the plans."
            : $"Applied as catalog revision {answer.Text("revision")}.");
        foreach (var warning in answer.Items("warnings"))
        {
            context.Terminal.Error.WriteLine(warning.GetString());
        }
    }

    // Returns how many plans are other than before.
    private static int ShowPlans(TextWriter output, JsonElement plans)
    {
        foreach (var id in plans.Items("added"))
        {
            output.WriteLine($"+ plan {id.GetString()}");
        }
        foreach (var plan in plans.Items("changed"))
        {
            output.WriteLine($"~ plan {plan.Text("id")}");
            ShowFields(output, plan);
        }
        foreach (var id in plans.Items("removed"))
        {
            output.WriteLine($"- plan {id.GetString()}");
        }
        return _planKinds.Sum(name => plans.GetProperty(name).GetArrayLength());
    }

    private static void ShowFields(TextWriter output, JsonElement changed)
    {
        foreach (var field in changed.Items("fields"))
        {
            output.WriteLine($"    {field.Text("field")}: {field.Text("from")} -> {field.Text("to")}");
        }
    }
}
