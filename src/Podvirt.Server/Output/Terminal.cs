using Spectre.Console;
using Spectre.Console.Rendering;

namespace Podvirt.Server.Output;

/// <summary>Results go to standard output; everything said about them goes to standard error.</summary>
internal sealed class Terminal
{
    /// <summary>A table that goes to a file or a pipe is not folded to the width of a screen.</summary>
    private const int UnboundedWidth = 10_000;

    /// <summary>A picture is, so that it can be read there.</summary>
    private const int PictureWidth = 120;

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(1);

    private readonly IAnsiConsole _tables;
    private readonly IAnsiConsole? _progress;

    /// <param name="output">Results.</param>
    /// <param name="error">Everything else.</param>
    /// <param name="outputIsTerminal">Whether tables are drawn for a screen.</param>
    /// <param name="errorIsTerminal">Whether a person watches, so that progress is shown.</param>
    /// <param name="screen">Where that is one that pictures can be drawn on in place.</param>
    public Terminal(TextWriter output, TextWriter error, bool outputIsTerminal, bool errorIsTerminal, Screen? screen = null)
    {
        Output = output;
        Error = error;
        _tables = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = outputIsTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            Interactive = InteractionSupport.No,
        });
        if (!outputIsTerminal)
        {
            _tables.Profile.Width = UnboundedWidth;
        }
        Screen = _tables.Profile.Capabilities.Ansi ? screen : null;
        _progress = errorIsTerminal ? AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(error) }) : null;
    }

    public TextWriter Output { get; }

    public TextWriter Error { get; }

    /// <summary>On which a picture can be drawn in place; null: there is none.</summary>
    public Screen? Screen { get; }

    /// <summary>Columns that a picture may have.</summary>
    public int Width => Screen is null ? PictureWidth : _tables.Profile.Width;

    public static Terminal OfProcess() => new(
        Console.Out, Console.Error, !Console.IsOutputRedirected, !Console.IsErrorRedirected, Console.IsOutputRedirected ? null : Screen.OfProcess());

    /// <summary>Prints one row for each item. Numbers stand to the right.</summary>
    public void Table<T>(IReadOnlyList<T> rows, params (string Head, bool IsNumber, Func<T, string> Cell)[] columns) => Draw(TableOf(rows, columns));

    public static Table TableOf<T>(IReadOnlyList<T> rows, params (string Head, bool IsNumber, Func<T, string> Cell)[] columns)
    {
        var table = new Table { Border = TableBorder.None };
        foreach (var (head, isNumber, _) in columns)
        {
            var column = new TableColumn(new Text(head, new Style(decoration: Decoration.Bold))) { NoWrap = true, Padding = new Padding(0, 0, 2, 0) };
            table.AddColumn(isNumber ? column.RightAligned() : column);
        }
        foreach (var row in rows)
        {
            table.AddRow([.. columns.Select(c => new Text(c.Cell(row)))]);
        }
        return table;
    }

    public void Draw(IRenderable picture) => _tables.Write(picture);

    /// <summary>Waits; after a second a person is told for what.</summary>
    public async Task<T> WaitAsync<T>(string what, Task<T> work, TimeProvider time)
    {
        if (_progress is null || await Task.WhenAny(work, Task.Delay(_patience, time, CancellationToken.None)) == work)
        {
            return await work;
        }
        return await _progress.Status().StartAsync(what, _ => work);
    }
}
