using System.Runtime.InteropServices;

namespace Podvirt.Server.Output;

/// <summary>A terminal that a picture is drawn on in place. What stood there before is back when it ends, however it ends.</summary>
/// <param name="output">The terminal.</param>
/// <param name="size">Columns and rows, as they are at the moment.</param>
/// <param name="readKey">A key that was pressed; null: none.</param>
/// <param name="hearEnd">Calls an action when somebody ends the process, until it is disposed.</param>
internal sealed class Screen(TextWriter output, Func<(int Width, int Height)> size, Func<char?> readKey, Func<Action, IDisposable> hearEnd)
{
    // The alternate screen, and the cursor out of the way.
    private const string Enter = "\x1b[?1049h\x1b[?25l";
    private const string Leave = "\x1b[?25h\x1b[?1049l";
    private const string Home = "\x1b[H";
    private const string EndOfLine = "\x1b[K";
    private const string EndOfScreen = "\x1b[J";

    /// <summary>How soon a key, or another size of the window, is noticed.</summary>
    private static readonly TimeSpan _attention = TimeSpan.FromMilliseconds(100);

    public static Screen OfProcess() => new(
        Console.Out, () => (Console.WindowWidth, Console.WindowHeight),
        () => !Console.IsInputRedirected && Console.KeyAvailable ? Console.ReadKey(intercept: true).KeyChar : null,
        end => new Signals(end));

    /// <summary>Looks and draws, again and again, until q is pressed or it is cancelled.</summary>
    /// <param name="look">What is to be seen.</param>
    /// <param name="draw">As lines, for so many columns and rows.</param>
    /// <param name="interval">Between two looks.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends it; that is no failure.</param>
    public async Task ShowAsync<T>(
        Func<CancellationToken, Task<T>> look, Func<T, int, int, IReadOnlyList<string>> draw, TimeSpan interval, TimeProvider time,
        CancellationToken cancellationToken)
    {
        // Before the screen is taken: a server that does not answer is told of like anywhere else.
        var seen = await look(cancellationToken);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var signals = hearEnd(ended.Cancel);
        output.Write(Enter);
        try
        {
            while (await DrawAsync(seen, draw, interval, time, ended.Token))
            {
                seen = await look(ended.Token);
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // Ctrl-C is how most people end it.
        }
        finally
        {
            output.Write(Leave);
            output.Flush();
        }
    }

    /// <summary>False when q was pressed.</summary>
    private async Task<bool> DrawAsync<T>(
        T seen, Func<T, int, int, IReadOnlyList<string>> draw, TimeSpan interval, TimeProvider time, CancellationToken cancellationToken)
    {
        (int Width, int Height)? drawn = null;
        for (var left = interval; left > TimeSpan.Zero; left -= _attention)
        {
            var (width, height) = size();
            if (drawn != (width, height))
            {
                drawn = (width, height);
                var lines = draw(seen, width, height).Take(height);
                output.Write(Home + string.Join("\r\n", lines.Select(line => line + EndOfLine)) + EndOfScreen);
                output.Flush();
            }
            while (readKey() is { } key)
            {
                if (key is 'q' or 'Q')
                {
                    return false;
                }
            }
            await Task.Delay(_attention, time, cancellationToken);
        }
        return true;
    }

    /// <summary>Ctrl-C, a kill or a closed window: they would end the process where it stands.</summary>
    private sealed class Signals(Action end) : IDisposable
    {
        private readonly List<PosixSignalRegistration> _registrations =
            [.. ((PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP]).Select(signal => PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                end();
            }))];

        public void Dispose() => _registrations.ForEach(registration => registration.Dispose());
    }
}
