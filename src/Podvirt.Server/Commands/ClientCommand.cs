using System.CommandLine;
using System.Text.Json;
using Podvirt.Server.Client;

namespace Podvirt.Server.Commands;

/// <summary>A command that asks a running server: its options and its way there.</summary>
internal sealed class ClientCommand : Command
{
    private static readonly JsonSerializerOptions _indented = new() { WriteIndented = true };

    private readonly CommandContext _context;
    private readonly Option<string> _data;
    private readonly Option<string?> _url = new("--url") { Description = "Address of the server; the admin token then comes from PODVIRT_ADMIN_TOKEN", HelpName = "URL" };
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON" };

    public ClientCommand(string name, string description, CommandContext context)
        : base(name, description)
    {
        _context = context;
        _data = DataOption.Create(context);
        Add(_data);
        Add(_url);
        Add(_json);
    }

    /// <summary>As <see cref="SetCall(string, Func{ParseResult, AdminClient, CancellationToken, Task{JsonElement}}, Action{ParseResult, JsonElement})"/>, but runs <paramref name="instead"/> where that asks for it.</summary>
    public void SetCall(
        string waitingFor, Func<ParseResult, AdminClient, CancellationToken, Task<JsonElement>> call, Action<ParseResult, JsonElement> show,
        Func<ParseResult, bool> isInstead, Func<ParseResult, AdminClient, CancellationToken, Task> instead)
    {
        SetCall(waitingFor, call, show);
        var plain = Action as System.CommandLine.Invocation.AsynchronousCommandLineAction
            ?? throw new InvalidOperationException("The call before it was not set.");
        SetAction(async (parsed, cancellationToken) =>
        {
            if (parsed.GetValue(_json) || !isInstead(parsed))
            {
                return await plain.InvokeAsync(parsed, cancellationToken);
            }
            using var client = AdminClient.Open(parsed.GetValue(_url), parsed.GetRequiredValue(_data), _context.Environment);
            await instead(parsed, client, cancellationToken);
            return ExitCodes.Ok;
        });
    }

    /// <summary>Runs <paramref name="copy"/>, which prints by itself.</summary>
    public void SetCopy(Func<ParseResult, AdminClient, CancellationToken, Task> copy) =>
        SetAction(async (parsed, cancellationToken) =>
        {
            using var client = AdminClient.Open(parsed.GetValue(_url), parsed.GetRequiredValue(_data), _context.Environment);
            await copy(parsed, client, cancellationToken);
            return ExitCodes.Ok;
        });

    /// <summary>
    /// Runs <paramref name="call"/> and prints its answer: as JSON where that was asked for, else with <paramref name="show"/>. The
    /// answer decides by <paramref name="exitCode"/> how the command ends; without one it ends well.
    /// </summary>
    public void SetCall(
        string waitingFor, Func<ParseResult, AdminClient, CancellationToken, Task<JsonElement>> call, Action<ParseResult, JsonElement> show,
        Func<JsonElement, int>? exitCode = null) =>
        SetAction(async (parsed, cancellationToken) =>
        {
            using var client = AdminClient.Open(parsed.GetValue(_url), parsed.GetRequiredValue(_data), _context.Environment);
            var answer = await _context.Terminal.WaitAsync(waitingFor, call(parsed, client, cancellationToken), _context.Time);
            if (parsed.GetValue(_json))
            {
                await _context.Terminal.Output.WriteLineAsync(JsonSerializer.Serialize(answer, _indented));
            }
            else
            {
                show(parsed, answer);
            }
            return exitCode?.Invoke(answer) ?? ExitCodes.Ok;
        });
}

internal static class DataOption
{
    public const string Variable = "PODVIRT_DATA";

    public static Option<string> Create(CommandContext context) => new("--data")
    {
        Description = $"Data folder (also {Variable})",
        HelpName = "FOLDER",
        DefaultValueFactory = _ => context.Environment(Variable) is { Length: > 0 } set ? set : "./data",
    };
}

/// <summary>Reads what the API sent.</summary>
internal static class Json
{
    public static IReadOnlyList<JsonElement> Items(this JsonElement answer, string name = "data") => [.. answer.GetProperty(name).EnumerateArray()];

    /// <summary>A member as text, by its path; a dash for null.</summary>
    public static string Text(this JsonElement element, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element))
            {
                return "-";
            }
        }
        return element.ValueKind switch
        {
            JsonValueKind.Null or JsonValueKind.Undefined => "-",
            JsonValueKind.String => element.GetString() is { Length: > 0 } text ? text : "-",
            _ => element.GetRawText(),
        };
    }
}
