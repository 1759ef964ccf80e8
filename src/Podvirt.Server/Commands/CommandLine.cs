using System.CommandLine;
using Podvirt.Server.Client;
using Podvirt.Server.Output;
using Podvirt.Server.Serving;

namespace Podvirt.Server.Commands;

/// <summary>What every command is given.</summary>
internal sealed record CommandContext(Terminal Terminal, Func<string, string?> Environment, TimeProvider Time)
{
    /// <summary>Who runs the command, for what is kept with a name; null where the system does not say.</summary>
    public string? UserName => Environment("USER") is { Length: > 0 } user ? user : null;
}

/// <summary>The <c>podvirt</c> command.</summary>
internal static class CommandLine
{
    public static async Task<int> RunAsync(string[] args, Terminal terminal, Func<string, string?> environment, TimeProvider time)
    {
        var result = Build(new CommandContext(terminal, environment, time)).Parse(args);
        if (result.Errors.Count > 0)
        {
            foreach (var error in result.Errors)
            {
                await terminal.Error.WriteLineAsync(error.Message);
            }
            await terminal.Error.WriteLineAsync("'podvirt --help' lists the commands, 'podvirt COMMAND --help' the options of one.");
            return ExitCodes.Usage;
        }
        // Signals: serve has its own handling, every other command just ends.
        var invocation = new InvocationConfiguration
        {
            Output = terminal.Output,
            Error = terminal.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        };
        try
        {
            return await result.InvokeAsync(invocation);
        }
        catch (CommandFailure failure)
        {
            await terminal.Error.WriteLineAsync(failure.Message);
            return failure.ExitCode;
        }
    }

    public static RootCommand Build(CommandContext context)
    {
        // The assembly has a longer name than the command.
        var root = new RootCommand("Serverless GPU inference: models load on demand, sleep when idle, and are billed by the token.") { HelpName = "podvirt" };
        root.Add(ServeCommand.Build(context));
        root.Add(ModelsCommand.Build(context));
        root.Add(FleetCommands.BuildReplicas(context));
        root.Add(FleetCommands.BuildGpus(context));
        root.Add(FleetCommands.BuildTransitions(context));
        root.Add(TopCommand.Build(context));
        root.Add(ApplyCommand.Build(context));
        foreach (var action in ActionCommands.Build(context))
        {
            root.Add(action);
        }
        root.Add(KeysCommand.Build(context));
        root.Add(ProjectsCommand.Build(context));
        root.Add(ProjectsCommand.BuildPlans(context));
        root.Add(MembersCommand.Build(context));
        root.Add(UsageCommand.Build(context));
        root.Add(RatesCommand.Build(context));
        root.Add(InvoicesCommand.Build(context));
        root.Add(RequestsCommand.Build(context));
        root.Add(ReconcileCommand.Build(context));
        root.Add(LogsCommand.Build(context));
        root.Add(ConsoleCommand.Build(context));
        return root;
    }
}
