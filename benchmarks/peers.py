"""What the peers are called, in tables and in JSON."""

OURS = "kit"
AS_IT_COMES = "Keras"
JIT = "Keras jit_compile"
UNROLL = "Keras unroll"
AT_ONCE = "Keras at once"  # rewritten without a loop over the steps, or over the nodes
KERAS = (AS_IT_COMES, JIT, UNROLL)
TORCH = "PyTorch"
BOUND = "bound"  # no peer to beat: the least that the work can cost
