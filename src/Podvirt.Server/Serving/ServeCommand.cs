using System.CommandLine;
using Podvirt.Configuration;
using Podvirt.Server.Client;
using Podvirt.Server.Commands;

namespace Podvirt.Server.Serving;

/// <summary>Where the server finds its files, where it listens, and what it does.</summary>
internal sealed record ServeSettings(string Config, Uri Listen, string Data, PodvirtRoles Roles);

/// <summary><c>podvirt serve</c>.</summary>
internal static class ServeCommand
{
    private const string ConfigVariable = "PODVIRT_CONFIG";
    private const string ListenVariable = "PODVIRT_LISTEN";
    private const string RolesVariable = "PODVIRT_ROLES";

    public static Command Build(CommandContext context)
    {
        var config = Option(context, "--config", "FILE", "Configuration file", ConfigVariable, "podvirt.yaml");
        var listen = Option(context, "--listen", "URL", "Address to listen on", ListenVariable, "http://127.0.0.1:8080");
        var data = DataOption.Create(context);
        var roles = Option(context, "--roles", "ROLES", "In a cluster: what this process does, of gateway, scheduler, metering, node", RolesVariable, "all");
        var command = new Command("serve", "Run everything in one process, or one part of a cluster") { config, listen, data, roles };
        command.SetAction(async (parsed, _) =>
        {
            var settings = new ServeSettings(
                parsed.GetRequiredValue(config), ParseListen(parsed.GetRequiredValue(listen)), parsed.GetRequiredValue(data), ParseRoles(parsed.GetRequiredValue(roles)));
            try
            {
                return await new ServerRun(settings, context).RunAsync();
            }
            catch (PodvirtConfigException invalid)
            {
                throw new CommandFailure(invalid.Message, ExitCodes.Usage);
            }
        });
        return command;
    }

    private static Option<string> Option(CommandContext context, string name, string helpName, string description, string variable, string fallback) => new(name)
    {
        Description = $"{description} (also {variable})",
        HelpName = helpName,
        DefaultValueFactory = _ => context.Environment(variable) is { Length: > 0 } set ? set : fallback,
    };

    private static PodvirtRoles ParseRoles(string text)
    {
        try
        {
            return PodvirtRoleNames.Parse(text);
        }
        catch (FormatException invalid)
        {
            throw new CommandFailure($"--roles: {invalid.Message}.", ExitCodes.Usage);
        }
    }

    private static Uri ParseListen(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url is { AbsolutePath: "/", Query: "" }
            ? url
            : throw new CommandFailure($"--listen '{text}' is not an address; write one such as http://127.0.0.1:8080.", ExitCodes.Usage);
}
