using System.Diagnostics;
using System.Text;

namespace Podvirt.FunctionalTests.Clients;

/// <summary>Takes the parts of one call down as they come, and says when its client shall leave.</summary>
internal sealed class Watch(Call call, Action told) : IDisposable
{
    private readonly Stopwatch _time = Stopwatch.StartNew();
    private readonly StringBuilder _text = new();
    private readonly CancellationTokenSource _leaving = new();
    private int _parts;
    private double _firstMs;
    private double _lastMs;

    public CancellationToken Leaving => _leaving.Token;

    public Counts? Usage { get; set; }

    public string? Finish { get; set; }

    public void Saw(string? part)
    {
        if (string.IsNullOrEmpty(part))
        {
            return;
        }
        _text.Append(part);
        _lastMs = _time.Elapsed.TotalMilliseconds;
        if (++_parts == 1)
        {
            _firstMs = _lastMs;
        }
        if (_parts == call.TellAfter)
        {
            told();
        }
        if (_parts == call.LeaveAfter)
        {
            _leaving.Cancel();
        }
    }

    public Seen Ended(Failure? error = null) => new(_text.ToString(), _parts, _firstMs, _lastMs, Usage, error, Finish);

    public void Dispose() => _leaving.Dispose();
}
