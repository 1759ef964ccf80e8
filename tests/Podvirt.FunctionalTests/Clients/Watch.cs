using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;

namespace Podvirt.FunctionalTests.Clients;

/// <summary>Takes the parts of one call down as they come, and says when its client shall leave.</summary>
internal sealed class Watch(Call call, Action told) : IDisposable
{
    private readonly Stopwatch _time = Stopwatch.StartNew();
    private readonly StringBuilder _text = new();
    private readonly CancellationTokenSource _leaving = new();
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _bytes;
    private int _parts;
    private double _firstMs;
    private double _lastMs;

    public CancellationToken Leaving => _leaving.Token;

    public Counts? Usage { get; set; }

    public string? Finish { get; set; }

    public void Saw(string? part)
    {
        if (!string.IsNullOrEmpty(part))
        {
            _text.Append(part);
            SawPart();
        }
    }

    /// <summary>Sound or pictures: taken down as their length and hash.</summary>
    public void Saw(ReadOnlySpan<byte> part)
    {
        if (part.Length > 0)
        {
            _hash.AppendData(part);
            _bytes += part.Length;
            SawPart();
        }
    }

    public Seen Ended(Failure? error = null)
    {
        var text = _bytes > 0 ? $"{_bytes} bytes {Convert.ToHexStringLower(_hash.GetCurrentHash())}" : _text.ToString();
        return new Seen(text, _parts, _firstMs, _lastMs, Usage, error, Finish);
    }

    public void Dispose()
    {
        _leaving.Dispose();
        _hash.Dispose();
    }

    private void SawPart()
    {
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
}
