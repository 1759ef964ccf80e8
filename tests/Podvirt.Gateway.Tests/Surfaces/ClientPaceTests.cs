using Microsoft.Extensions.Time.Testing;
using Podvirt.Gateway.Surfaces;

namespace Podvirt.Gateway.Tests.Surfaces;

public sealed class ClientPaceTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly ClientPace _pace;
    private int _givenUp;

    // Ten seconds of grace, and ten bytes a second.
    public ClientPaceTests() => _pace = new ClientPace(
        new GatewayOptions { ClientRateMin = 10, ClientGrace = TimeSpan.FromSeconds(10) }, _time, () => _givenUp++);

    [Theory]
    [InlineData(9.9, 0)]
    [InlineData(10, 1)]
    [InlineData(100, 1)]
    public void NothingMoves_ClientIsGivenUpOnceAtTheEndOfItsGrace(double seconds, int givenUp)
    {
        _pace.Start();
        Pass(seconds);
        Assert.Equal((givenUp, givenUp > 0), (_givenUp, _pace.IsTooSlow));
    }

    [Fact]
    public void ClientMovesAtTheRate_MayGoOnForEver()
    {
        for (var i = 0; i < 100; i++)
        {
            Wait(9);
            Move(90);
        }
        Assert.Equal(0, _givenUp);
    }

    [Fact]
    public void ClientMovesAtHalfTheRate_IsGivenUpWhenItIsTheGraceBehind()
    {
        var waits = 0;
        while (!_pace.IsTooSlow)
        {
            Wait(2);
            Move(10);
            waits++;
        }
        // A second is lost with each: the ninth begins with the two that it takes.
        Assert.Equal(9, waits);
    }

    [Fact]
    public void ClientTookMuchAtOnce_HasNoMoreThanItsGrace()
    {
        Move(1_000_000);
        Wait(10);
        Assert.Equal(1, _givenUp);
    }

    [Fact]
    public void MuchIsOnItsWay_MayTakeAsLongAsTheRateAllows()
    {
        _pace.Credit(500);
        Wait(59.9);
        Assert.Equal(0, _givenUp);
        // What the large one did not need is gone.
        Wait(0.2);
        Assert.Equal(1, _givenUp);
    }

    [Fact]
    public void WaitAfterALargeOne_IsMeasuredByItself()
    {
        _pace.Credit(500);
        Wait(1);
        Wait(10);
        Assert.Equal(1, _givenUp);
    }

    [Fact]
    public void NobodyWaits_TimeIsNotTheClients()
    {
        Wait(9);
        Pass(1000);
        Move(90);
        Wait(9);
        Assert.Equal(0, _givenUp);
    }

    [Fact]
    public void ExchangeIsOver_NobodyIsGivenUp()
    {
        _pace.Start();
        _pace.Dispose();
        Pass(100);
        Assert.Equal(0, _givenUp);
    }

    public void Dispose() => _pace.Dispose();

    private void Wait(double seconds)
    {
        _pace.Start();
        Pass(seconds);
        _pace.Stop();
    }

    private void Move(long bytes)
    {
        _pace.Credit(bytes);
        _pace.Settle();
    }

    private void Pass(double seconds) => _time.Advance(TimeSpan.FromSeconds(seconds));
}
