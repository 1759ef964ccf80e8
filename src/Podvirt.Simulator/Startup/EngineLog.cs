using System.Globalization;

namespace Podvirt.Simulator.Startup;

/// <summary>Lines on standard output and standard error, laid out like the engine's own.</summary>
internal sealed class EngineLog(TimeProvider time, TextWriter output)
{
    private readonly Lock _gate = new();

    public void Info(string source, string message) => Write("INFO", source, message);

    public void Error(string source, string message) => Write("ERROR", source, message);

    /// <summary>A line without level and source.</summary>
    public void Plain(string line)
    {
        lock (_gate)
        {
            output.WriteLine(line);
            output.Flush();
        }
    }

    private void Write(string level, string source, string message) =>
        Plain(string.Create(CultureInfo.InvariantCulture, $"{level} {time.GetUtcNow():MM-dd HH:mm:ss} [{source}] {message}"));
}
