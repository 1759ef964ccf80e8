using Podvirt.Messaging.Nats;

namespace Podvirt.Messaging.Tests.Nats;

public sealed class AckSubjectTests
{
    [Theory]
    [InlineData("$JS.ACK.KV_s.c.1.42.7.1700000000123456789.3")]
    [InlineData("$JS.ACK.domain.hash.KV_s.c.1.42.7.1700000000123456789.3")]
    [InlineData("$JS.ACK.domain.hash.KV_s.c.1.42.7.1700000000123456789.3.random")]
    public void BothForms_AreRead(string subject)
    {
        Assert.True(AckSubject.TryParse(subject, out var position));

        Assert.Equal((42, 7), (position.Revision, position.Delivery));
        Assert.Equal(DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123).AddTicks(4_567), position.At);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("_INBOX.a.b")]
    [InlineData("$JS.ACK.KV_s.c.1.42.7.1700000000123456789")]
    [InlineData("$JS.ACK.KV_s.c.1.x.7.1700000000123456789.3")]
    public void SomethingElse_IsRefused(string? subject) => Assert.False(AckSubject.TryParse(subject, out _));
}
