using Microsoft.Extensions.Time.Testing;
using Podvirt.Server.Output;

namespace Podvirt.Server.Tests.Output;

public sealed class ScreenTests : IDisposable
{
    private const string Enter = "\x1b[?1049h\x1b[?25l";
    private const string Leave = "\x1b[?25h\x1b[?1049l";

    private readonly StringWriter _output = new();
    private readonly FakeTimeProvider _time = new();
    private readonly CancellationTokenSource _ended = new();
    private (int Width, int Height) _size = (80, 24);
    private char? _key;
    private Action? _end;
    private int _looks;

    public void Dispose()
    {
        _output.Dispose();
        _ended.Dispose();
    }

    [Fact]
    public async Task Q_GivesTheScreenBack()
    {
        var showing = ShowAsync();
        Assert.StartsWith(Enter, _output.ToString(), StringComparison.Ordinal);
        _key = 'q';
        _time.Advance(TimeSpan.FromMilliseconds(100));
        await showing;
        Assert.EndsWith(Leave, _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task CtrlC_GivesTheScreenBack_AndIsNoFailure()
    {
        var showing = ShowAsync();
        _end!();
        await showing;
        Assert.EndsWith(Leave, _output.ToString(), StringComparison.Ordinal);
        Assert.Null(_end);
    }

    [Fact]
    public async Task ServerThatGoesAway_GivesTheScreenBack_AndIsAFailure()
    {
        var showing = ShowAsync(failAt: 2);
        Pass(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<HttpRequestException>(() => showing);
        Assert.EndsWith(Leave, _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Picture_IsDrawnAnewEverySecond_AndForAnotherSizeAtOnce()
    {
        var showing = ShowAsync();
        Assert.Contains("look 1 80x24", _output.ToString(), StringComparison.Ordinal);
        _size = (120, 40);
        Pass(TimeSpan.FromMilliseconds(100));
        Assert.Contains("look 1 120x40", _output.ToString(), StringComparison.Ordinal);
        Pass(TimeSpan.FromMilliseconds(900));
        Assert.Contains("look 2 120x40", _output.ToString(), StringComparison.Ordinal);
        await _ended.CancelAsync();
        await showing;
    }

    private void Pass(TimeSpan duration)
    {
        for (var passed = TimeSpan.Zero; passed < duration; passed += TimeSpan.FromMilliseconds(100))
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
        }
    }

    private Task ShowAsync(int failAt = int.MaxValue) => new Screen(_output, () => _size, TakeKey, HearEnd).ShowAsync(
        _ => ++_looks >= failAt ? throw new HttpRequestException("gone") : Task.FromResult(_looks),
        (look, width, height) => [$"look {look} {width}x{height}"], TimeSpan.FromSeconds(1), _time, _ended.Token);

    private Heard HearEnd(Action end)
    {
        _end = end;
        return new Heard(this);
    }

    private sealed class Heard(ScreenTests tests) : IDisposable
    {
        public void Dispose() => tests._end = null;
    }

    private char? TakeKey()
    {
        var key = _key;
        _key = null;
        return key;
    }
}
