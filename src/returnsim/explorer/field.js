// A native input that keeps its own text: whatever else changes on the page does not take away what
// is being typed.
export default {
  template: `
    <input :value="own" @input="own = $event.target.value" @change="$emit('typed', own)" />`,
  props: { text: String, stamp: Number },
  data() {
    return { own: this.text };
  },
  watch: {
    // A new stamp is a text that somebody else has set.
    stamp() {
      this.own = this.text;
    },
  },
};
